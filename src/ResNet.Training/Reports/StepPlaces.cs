using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Reports;

/// <summary>Where steps lie among the epochs: the last step of epoch 3 at 3, that in the middle of it at 2.5.</summary>
internal sealed class StepPlaces(IReadOnlyList<EpochMetrics> epochs, IReadOnlyList<StepMetrics> steps)
{
    // More points would not be told apart.
    private const int MostPoints = 600;

    /// <summary>A value of the steps over the epochs: of many steps the means of a few at a time.</summary>
    internal IReadOnlyList<(double X, double Y)> Thinned(Func<StepMetrics, double> value)
    {
        int together = Math.Max(1, (steps.Count + MostPoints - 1) / MostPoints);
        return [.. steps.Chunk(together).Select(chunk => (Place(chunk[^1]), Mean(chunk.Select(value))))];

        static double Mean(IEnumerable<double> values) => values.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();
    }

    private double Place(StepMetrics step)
    {
        long ends = epochs.FirstOrDefault(epoch => epoch.Epoch == step.Epoch)?.Steps ?? 0;
        long before = epochs.LastOrDefault(epoch => epoch.Epoch < step.Epoch)?.Steps ?? 0;
        // Of an epoch that is not over it is not known how many steps it has.
        if (ends <= before) ends = steps.Where(other => other.Epoch == step.Epoch).Max(other => other.Step);
        return step.Epoch - 1 + Math.Clamp((double)(step.Step - before) / Math.Max(1, ends - before), 0, 1);
    }
}
