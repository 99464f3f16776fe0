namespace ResNet.Training.LearningRates;

/// <summary>The loss over the learning rate, and what follows from it.</summary>
/// <param name="Points">The steps with a finite loss, by rising learning rate.</param>
/// <param name="Diverged">Whether the test stopped before its last step, since the loss rose too far or was not finite.</param>
public sealed record LearningRateCurve(IReadOnlyList<LearningRatePoint> Points, bool Diverged)
{
    // The average of the first losses is as noisy as they are.
    private const int NoisyPart = 10;

    /// <summary>
    /// The learning rate at which the smoothed loss falls most steeply over the logarithm of the learning rate (central differences),
    /// before the loss is lowest; the first tenth of the steps is left out, where few losses are averaged. Null if the loss does not fall.
    /// </summary>
    public double? Suggestion => Steepest?.LearningRate;

    /// <summary>The point with the lowest smoothed loss, without the first tenth of the steps; null if there are no such points.</summary>
    public LearningRatePoint? Lowest => IndexOfLowest is { } index ? Points[index] : null;

    /// <summary>A tenth of the learning rate with the lowest smoothed loss, another usual choice; null if there is none.</summary>
    public double? TenthOfLowest => Lowest?.LearningRate / 10;

    /// <summary>The point of <see cref="Suggestion"/>.</summary>
    internal LearningRatePoint? Steepest
    {
        get
        {
            LearningRatePoint? steepest = null;
            double least = 0;
            int? lowest = IndexOfLowest;
            for (int i = First + 1; i < lowest; i++)
            {
                var (before, after) = (Points[i - 1], Points[i + 1]);
                double slope = (after.Smoothed - before.Smoothed) / Math.Log10(after.LearningRate / before.LearningRate);
                if (slope < least) (least, steepest) = (slope, Points[i]);
            }
            return steepest;
        }
    }

    private int First => Points.Count / NoisyPart;

    private int? IndexOfLowest =>
        Points.Count == 0 ? null : Enumerable.Range(First, Points.Count - First).MinBy(i => Points[i].Smoothed);
}
