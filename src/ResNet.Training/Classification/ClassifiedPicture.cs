using ResNet.Imaging;
using ResNet.Inference;

namespace ResNet.Training.Classification;

/// <summary>The result of one of many pictures.</summary>
/// <param name="Path">The picture's file.</param>
/// <param name="Predictions">The likeliest classes, likeliest first; empty if the picture could not be classified.</param>
/// <param name="Error">
/// The reason why it could not: an <see cref="ImageDecodingException"/> or a <see cref="TransformException"/>; null if it could.
/// </param>
public sealed record ClassifiedPicture(string Path, IReadOnlyList<Prediction> Predictions, Exception? Error);
