namespace ResNet.Training.Data.Similarity;

/// <summary>
/// Files with almost the same image: compressed again, resized, brightened or slightly cropped. At least two of them have different pixels.
/// </summary>
/// <param name="Paths">The files: first one of each class in each checked folder, then the others, both in the order of the images.</param>
/// <param name="Classes">The names of their classes, each once.</param>
/// <param name="Roots">The checked folders that contain them, each once: two if a training image is almost an evaluation image.</param>
public sealed record SimilarImages(IReadOnlyList<string> Paths, IReadOnlyList<string> Classes, IReadOnlyList<string> Roots);
