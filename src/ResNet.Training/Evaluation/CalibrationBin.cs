
namespace ResNet.Training.Evaluation;

/// <summary>A bin of images of similar confidence.</summary>
/// <param name="From">Their confidence is more than this; in the first bin it may be 0.</param>
/// <param name="To">Their confidence is at most this.</param>
/// <param name="Images">The number of images.</param>
/// <param name="Confidence">Their mean confidence, from 0 to 1; NaN if there are no images.</param>
/// <param name="Accuracy">The share of correct predictions, from 0 to 1; NaN if there are no images.</param>
public readonly record struct CalibrationBin(double From, double To, int Images, double Confidence, double Accuracy);
