namespace ResNet.Training.TrainingLoop;

/// <summary>The epoch after which a run's network was best.</summary>
/// <param name="Epoch">The epoch's number, from 1.</param>
/// <param name="Top1">Evaluation images whose class was the likeliest one, in percent.</param>
/// <param name="Loss">Mean cross entropy over the evaluation images.</param>
/// <param name="IsAverage">Whether it was the average of the weights that was best, and not the weights themselves.</param>
public readonly record struct BestEpoch(int Epoch, double Top1, double Loss, bool IsAverage)
{
    /// <summary>The epoch with the highest top-1, of the weights or of their average; of several the first. Null where nothing was evaluated.</summary>
    public static BestEpoch? Of(IReadOnlyList<EpochMetrics> epochs)
    {
        ArgumentNullException.ThrowIfNull(epochs);
        BestEpoch? best = null;
        foreach (var epoch in epochs)
        {
            Consider(new(epoch.Epoch, epoch.Top1, epoch.ValidationLoss, IsAverage: false));
            Consider(new(epoch.Epoch, epoch.AverageTop1, epoch.AverageLoss, IsAverage: true));
        }
        return best;

        void Consider(BestEpoch other)
        {
            if (double.IsFinite(other.Top1) && (best is null || other.Top1 > best.Value.Top1)) best = other;
        }
    }
}
