namespace ResNet.Training.Data.Folders;

/// <summary>
/// Files with the same image: the same pixels once they are decoded to 8-bit RGB. A lossless copy in
/// another format is the same image; a copy that was compressed again is not.
/// </summary>
/// <param name="Paths">The files, at least two.</param>
/// <param name="Classes">The names of their classes, each once.</param>
/// <param name="Roots">The checked folders that contain it, each once: two if a training image is also an evaluation image.</param>
public sealed record RepeatedImage(IReadOnlyList<string> Paths, IReadOnlyList<string> Classes, IReadOnlyList<string> Roots);
