using ResNet.Training.Evaluation;

namespace ResNet.Training.TrainingLoop.Results;

/// <summary>The epoch with the best network of a run.</summary>
/// <param name="Epoch">The epoch's number, from 1.</param>
/// <param name="Top1">The top-1 accuracy on the evaluation images, in percent.</param>
/// <param name="Loss">Mean cross entropy over the evaluation images.</param>
/// <param name="IsAverage">Whether the averaged weights are the best ones, instead of the weights themselves.</param>
public readonly record struct BestEpoch(int Epoch, double Top1, double Loss, bool IsAverage)
{
    /// <summary>
    /// Finds the epoch with the highest top-1 accuracy, of the weights or of their average, and the first one of several. Null if no epoch
    /// was evaluated.
    /// </summary>
    public static BestEpoch? Of(IReadOnlyList<EpochMetrics> epochs)
    {
        ArgumentNullException.ThrowIfNull(epochs);
        BestEpoch? best = null;
        foreach (var epoch in epochs)
        {
            Consider(epoch.Epoch, epoch.Evaluation, isAverage: false);
            Consider(epoch.Epoch, epoch.AverageEvaluation, isAverage: true);
        }
        return best;

        void Consider(int epoch, EvaluationResult? result, bool isAverage)
        {
            if (result is null || !double.IsFinite(result.Top1) || result.Top1 <= best?.Top1) return;
            best = new BestEpoch(epoch, result.Top1, result.Loss, isAverage);
        }
    }
}
