using System.Diagnostics;
using ResNet.Training.Loading;

namespace ResNet.Training;

/// <summary>Counts the images of one pass and reports progress at intervals, without waiting for the device each time.</summary>
/// <param name="phase">The phase.</param>
/// <param name="epoch">The epoch, from 1.</param>
/// <param name="epochs">The epochs.</param>
/// <param name="steps">The steps of the pass.</param>
/// <param name="listener">Receives the reports; null for none.</param>
/// <param name="firstStep">The step that the pass begins with, from 0.</param>
/// <param name="processes">The processes, each of which has as many images.</param>
internal sealed class ProgressMeter(
    TrainingPhase phase, int epoch, int epochs, int steps, IProgress<TrainingProgress>? listener, int firstStep = 0, int processes = 1)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan? _last;
    private long _images;

    internal double ImagesPerSecond => _images == 0 ? double.NaN : _images / _clock.Elapsed.TotalSeconds;

    /// <summary>Counts a finished batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="learningRate">The learning rate of its step.</param>
    /// <param name="meanLoss">Computes the mean loss of all images so far; called only for a report.</param>
    internal void Advance(ImageBatch batch, double learningRate, Func<double> meanLoss)
    {
        // Skipped batches count, too.
        int step = batch.Index + 1;
        _images += (long)batch.Count * processes;
        if (listener is null) return;
        var now = _clock.Elapsed;
        if (step != steps && now - _last < s_interval) return;
        _last = now;
        listener.Report(new TrainingProgress(
            phase, epoch, epochs, step, steps, ImagesPerSecond, meanLoss(), learningRate, now / (step - firstStep) * (steps - step)));
    }
}
