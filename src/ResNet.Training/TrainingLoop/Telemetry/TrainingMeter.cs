using System.Diagnostics.Metrics;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.TrainingLoop.Telemetry;

/// <summary>
/// The meter <c>ResNet.Training</c> of a run, with OpenTelemetry's conventions for names and units
/// (https://opentelemetry.io/docs/specs/semconv/general/naming). Without listeners it costs next to nothing.
/// </summary>
internal sealed class TrainingMeter : IDisposable
{
    internal const string MeterName = "ResNet.Training";

    private const string WeightsTag = "resnet.weights";

    // The tag for the weights of an evaluation.
    private static readonly KeyValuePair<string, object?> s_trained = new(WeightsTag, "trained");
    private static readonly KeyValuePair<string, object?> s_average = new(WeightsTag, "average");

    private static readonly string? s_version = typeof(TrainingMeter).Assembly.GetName().Version?.ToString(fieldCount: 3);

    // Boundaries in seconds, because OpenTelemetry's default boundaries are for milliseconds.
    private static readonly InstrumentAdvice<double> s_durations = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60],
    };

    private readonly Meter _meter;
    private readonly Counter<long> _steps;
    private readonly Counter<long> _images;
    private readonly Counter<long> _skippedImages;
    private readonly Counter<long> _skippedSteps;
    private readonly Histogram<double> _stepDuration;
    private readonly Gauge<double> _loss;
    private readonly Gauge<double> _learningRate;
    private readonly Gauge<long> _epoch;
    private readonly Gauge<double> _speed;
    private readonly Gauge<double> _evaluationLoss;
    private readonly Gauge<double> _top1;
    private readonly Gauge<double> _top5;
    private readonly Histogram<double> _checkpointDuration;
    private readonly Gauge<long> _checkpointSize;

    /// <summary>Makes the instruments of a run.</summary>
    /// <param name="network">The network's name, which each measurement has as the tag <c>resnet.network</c>; null for none.</param>
    internal TrainingMeter(string? network = null)
    {
        _meter = new Meter(new MeterOptions(MeterName)
        {
            Version = s_version,
            Tags = network is null ? null : [new("resnet.network", network)],
        });
        _steps = _meter.CreateCounter<long>("resnet.training.steps", "{step}", "Steps that changed the weights.");
        _images = _meter.CreateCounter<long>("resnet.training.images", "{image}", "Images that were learned from.");
        _skippedImages = _meter.CreateCounter<long>(
            "resnet.training.skipped_images", "{image}", "Images left out because they cannot be read.");
        _skippedSteps = _meter.CreateCounter<long>(
            "resnet.training.skipped_steps", "{step}", "Steps left out because their loss was not finite.");
        _stepDuration = _meter.CreateHistogram(
            "resnet.training.step.duration",
            "s",
            "From one step's end to the next, waiting for images included.",
            tags: null,
            s_durations);
        _loss = _meter.CreateGauge<double>("resnet.training.loss", "1", "Mean loss, label smoothing and mixing included.");
        _learningRate = _meter.CreateGauge<double>("resnet.training.learning_rate", "1", "Learning rate of the last step.");
        _epoch = _meter.CreateGauge<long>("resnet.training.epoch", "{epoch}", "Epochs that are completed.");
        _speed = _meter.CreateGauge<double>(
            "resnet.training.speed", "{image}/s", "Images per second of the last epoch, decoding included.");
        _evaluationLoss = _meter.CreateGauge<double>("resnet.evaluation.loss", "1", "Mean cross entropy over the evaluation images.");
        _top1 = _meter.CreateGauge<double>("resnet.evaluation.top1", "%", "Evaluation images whose class is the likeliest one.");
        _top5 = _meter.CreateGauge<double>("resnet.evaluation.top5", "%", "Evaluation images whose class is among the five likeliest.");
        _checkpointDuration = _meter.CreateHistogram(
            "resnet.training.checkpoint.duration", "s", "How long it took to write a checkpoint.", tags: null, s_durations);
        _checkpointSize = _meter.CreateGauge<long>("resnet.training.checkpoint.size", "By", "Size of the last checkpoint.");
    }

    /// <summary>Disposes the instruments.</summary>
    public void Dispose() => _meter.Dispose();

    /// <summary>Returns whether an instrument belongs to this run, and not to another run in the same process.</summary>
    internal bool Owns(Instrument instrument) => instrument.Meter == _meter;

    /// <summary>Records a step that changed the weights.</summary>
    internal void Step(int images, double seconds)
    {
        _steps.Add(1);
        _images.Add(images);
        _stepDuration.Record(seconds);
    }

    /// <summary>Records a step that was skipped because its loss was not finite.</summary>
    internal void StepSkipped() => _skippedSteps.Add(1);

    /// <summary>Records images that could not be read.</summary>
    internal void ImagesSkipped(long images) => _skippedImages.Add(images);

    /// <summary>Records a loss that was read from the device.</summary>
    internal void Loss(double loss, double learningRate)
    {
        _loss.Record(loss);
        _learningRate.Record(learningRate);
    }

    /// <summary>Records a completed epoch; missing evaluations are left out.</summary>
    internal void Epoch(EpochMetrics metrics)
    {
        _epoch.Record(metrics.Epoch);
        Record(_speed, metrics.ImagesPerSecond);
        Loss(metrics.TrainLoss, metrics.LearningRate);
        Record(_evaluationLoss, metrics.ValidationLoss, s_trained);
        Record(_top1, metrics.Top1, s_trained);
        Record(_top5, metrics.Top5, s_trained);
        Record(_evaluationLoss, metrics.AverageLoss, s_average);
        Record(_top1, metrics.AverageTop1, s_average);
        Record(_top5, metrics.AverageTop5, s_average);
    }

    /// <summary>Records a written checkpoint.</summary>
    internal void Checkpoint(double seconds, long bytes)
    {
        _checkpointDuration.Record(seconds);
        _checkpointSize.Record(bytes);
    }

    private static void Record(Gauge<double> gauge, double? value, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (value is { } number && !double.IsNaN(number)) gauge.Record(number, tags);
    }
}
