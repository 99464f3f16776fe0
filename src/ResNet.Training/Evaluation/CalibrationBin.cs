
namespace ResNet.Training.Evaluation;

/// <summary>The images of about the same confidence.</summary>
/// <param name="From">Their confidence is more than this; in the first bin it may be 0.</param>
/// <param name="To">Their confidence is at most this.</param>
/// <param name="Images">How many there are.</param>
/// <param name="Confidence">Their mean confidence, from 0 to 1; NaN where there are none.</param>
/// <param name="Accuracy">The part that is right, from 0 to 1; NaN where there are none.</param>
public readonly record struct CalibrationBin(double From, double To, int Images, double Confidence, double Accuracy);
