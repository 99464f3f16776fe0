using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Reports;

/// <summary>The positions of steps on the axis of epochs: the last step of epoch 3 is at 3, its middle step is at 2.5.</summary>
internal sealed class StepPlaces(IReadOnlyList<EpochMetrics> epochs, IReadOnlyList<StepMetrics> steps)
{
    // More points could not be distinguished.
    private const int MostPoints = 600;

    /// <summary>Returns a value of the steps over the epochs; many steps are averaged in groups.</summary>
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
        // The number of steps of an unfinished epoch is not known.
        if (ends <= before) ends = steps.Where(other => other.Epoch == step.Epoch).Max(other => other.Step);
        return step.Epoch - 1 + Math.Clamp((double)(step.Step - before) / Math.Max(1, ends - before), 0, 1);
    }
}
