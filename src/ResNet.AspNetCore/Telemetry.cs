using System.Diagnostics;
using System.Diagnostics.Metrics;
using ResNet.AspNetCore.Batching;

namespace ResNet.AspNetCore;

/// <summary>The meter and the source of traces of a classifier, both of the name <see cref="Name"/>.</summary>
internal sealed class Telemetry
{
    /// <summary>The name of the meter and of the source of traces.</summary>
    internal const string Name = "ResNet.AspNetCore";

    // The weight of the latest batch in the mean time of a picture.
    private const double Latest = 0.2;

    private readonly Meter _meter;
    private readonly KeyValuePair<string, object?> _classifier;
    private readonly Counter<long> _refusals;
    private readonly Histogram<int> _batchSizes;
    private readonly Histogram<double> _durations;
    private readonly Histogram<double> _decodingTimes;
    private readonly Histogram<double> _computingTimes;
    private double _secondsPerPicture;

    internal Telemetry(IMeterFactory meters, string classifier)
    {
        _classifier = new("resnet.classifier", classifier.Length == 0 ? "default" : classifier);
        _meter = meters.Create(new MeterOptions(Name));
        _refusals = _meter.CreateCounter<long>("resnet.refusals", "{request}", "Requests that were refused, by reason.");
        _batchSizes = _meter.CreateHistogram<int>("resnet.batch.size", "{picture}", "Pictures that were computed together.");
        _durations = _meter.CreateHistogram<double>("resnet.picture.duration", "s", "From a picture's place in the queue to its answer.");
        _decodingTimes = _meter.CreateHistogram<double>("resnet.decode.duration", "s", "Decoding and resizing of a picture.");
        _computingTimes = _meter.CreateHistogram<double>("resnet.compute.duration", "s", "Computing of a batch.");
    }

    /// <summary>The source of the traces.</summary>
    internal static ActivitySource Source { get; } = new(Name);

    /// <summary>The mean time that computing a picture takes, in seconds; 0 before the first.</summary>
    internal double SecondsPerPicture => Volatile.Read(ref _secondsPerPicture);

    /// <summary>Reports the length of the queue.</summary>
    internal void Observe(Func<int> length) => _meter.CreateObservableUpDownCounter(
        "resnet.queue.length", () => new Measurement<int>(length(), _classifier), "{picture}",
        "Pictures that are waiting, decoded or computed.");

    internal void Decoded(TimeSpan time) => _decodingTimes.Record(time.TotalSeconds, _classifier);

    internal void Computed(int pictures, TimeSpan time)
    {
        _batchSizes.Record(pictures, _classifier);
        _computingTimes.Record(time.TotalSeconds, _classifier);
        double each = time.TotalSeconds / pictures, before = SecondsPerPicture;
        Volatile.Write(ref _secondsPerPicture, before == 0 ? each : before + (Latest * (each - before)));
    }

    internal void Answered(Job job) => _durations.Record(Stopwatch.GetElapsedTime(job.Began).TotalSeconds, _classifier);

    internal void Refused(string reason) => _refusals.Add(1, _classifier, new("resnet.reason", reason));
}
