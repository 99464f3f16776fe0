namespace ResNet.Training.Evaluation.Binary;

/// <summary>
/// The results of two classes at a threshold: images whose probability of the positive class is at least the threshold are predicted as
/// that class.
/// </summary>
/// <param name="Threshold">The threshold, from 0 to 1.</param>
/// <param name="FalsePositiveRate">The share of the images of the other class that are predicted as positive, from 0 to 1.</param>
/// <param name="Recall">The share of the images of the positive class that are predicted as positive, from 0 to 1.</param>
/// <param name="Precision">The share of the images predicted as positive that are of the positive class, from 0 to 1.</param>
public readonly record struct ThresholdPoint(double Threshold, double FalsePositiveRate, double Recall, double Precision)
{
    /// <summary>The harmonic mean of <see cref="Precision"/> and <see cref="Recall"/>; 0 if both are 0.</summary>
    public double F1 => Precision + Recall > 0 ? 2 * Precision * Recall / (Precision + Recall) : 0;

    /// <summary>The mean recall of the two classes, from 0 to 1.</summary>
    public double BalancedAccuracy => (Recall + 1 - FalsePositiveRate) / 2;
}
