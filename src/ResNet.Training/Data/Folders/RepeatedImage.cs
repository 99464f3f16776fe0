namespace ResNet.Training.Data.Folders;

/// <summary>
/// Files with the same image: the same pixels once they are decoded to 8-bit RGB. A lossless copy in
/// another format is the same image; one that was compressed again is not.
/// </summary>
/// <param name="Paths">The files, at least two.</param>
/// <param name="Classes">The names of their classes, each once.</param>
/// <param name="Roots">The folders that were checked and have it, each once: two where an image to train on is evaluated on, too.</param>
public sealed record RepeatedImage(IReadOnlyList<string> Paths, IReadOnlyList<string> Classes, IReadOnlyList<string> Roots);
