using System.Diagnostics;
using System.Globalization;
using System.Text;
using ResNet.Core;
using ResNet.Core.Inspection;

namespace ResNet.Training.TrainingLoop.Telemetry;

/// <summary>
/// Where the time of training steps goes: by phase, by layer and kind of computation, and on the threads that decode images. As a table by
/// <see cref="ToString()"/>, and as a trace for Chrome's <c>about://tracing</c> or Perfetto by <see cref="WriteTrace(string)"/>.
/// </summary>
/// <remarks>
/// Give a new one to <see cref="Trainer.Profile"/>. Layers have times only where <see cref="TrainingEngine.Kernels"/> computes them. On
/// CUDA a phase is the time of the calling thread, which waits for the device only where it needs a result.
/// </remarks>
public sealed class TrainingProfile
{
    private const int NamedLayers = 12;
    private const int StepThread = 0, LayerThread = 1, FirstDecoder = 2;

    private readonly object _gate = new();
    private readonly int _warmup;
    private readonly int _traced;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly TimeSpan[] _phases = new TimeSpan[Enum.GetValues<StepPhase>().Length];
    private readonly Dictionary<(string Layer, TrainingWorkKind Kind), TimeSpan> _layers = [];
    private readonly List<Span> _spans = [];
    private readonly List<string> _decoders = [];
    private long _lap;
    private int _begun;
    private long _images;
    private long _decoded;
    private TimeSpan _decoding;

    /// <summary>Makes an empty profile.</summary>
    /// <param name="warmup">The number of first steps that do not count, at least 0. Default: 3; kernels are compiled in them.</param>
    /// <param name="traced">The number of steps after them that the trace shows, at least 0. Default: 20.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is less than 0.</exception>
    public TrainingProfile(int warmup = 3, int traced = 20)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(warmup);
        ArgumentOutOfRangeException.ThrowIfNegative(traced);
        (_warmup, _traced) = (warmup, traced);
    }

    /// <summary>The number of steps that count.</summary>
    public int Steps => Math.Max(0, _begun - _warmup);

    /// <summary>The number of images of these steps.</summary>
    public long Images => _images;

    /// <summary>The time of each phase, in all steps together.</summary>
    public IReadOnlyDictionary<StepPhase, TimeSpan> Phases =>
        Enum.GetValues<StepPhase>().ToDictionary(phase => phase, phase => _phases[(int)phase]);

    /// <summary>The time of each layer by kind, in all steps together; none where libtorch computes them.</summary>
    public IReadOnlyDictionary<(string Layer, TrainingWorkKind Kind), TimeSpan> Layers => _layers;

    /// <summary>The time in which threads decoded and transformed images of the training set, all threads together.</summary>
    public TimeSpan Decoding => _decoding;

    /// <summary>The number of these images; others come from a cache or do not count yet.</summary>
    public long DecodedImages => _decoded;

    private bool Counts => _begun > _warmup;

    private bool IsTraced => Counts && _begun <= _warmup + _traced;

    /// <summary>Writes the first steps that count, in Chrome's trace event format.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <exception cref="IOException">The file cannot be written; an existing one stays.</exception>
    public void WriteTrace(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, WriteTrace);
    }

    /// <summary>Returns the tables.</summary>
    public override string ToString()
    {
        if (Steps == 0) return $"The run ended within its first {_warmup} steps, which do not count.\n";
        var all = TimeSpan.FromTicks(_phases.Sum(time => time.Ticks));
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Profile of {Steps:N0} steps after the first {_warmup}: ");
        text.Append(CultureInfo.InvariantCulture, $"{PerStep(all):0.00} ms a step, {_images / all.TotalSeconds:0.0} img/s\n");
        foreach (var phase in Enum.GetValues<StepPhase>()) Line(NameOf(phase), _phases[(int)phase]);
        if (_decoded > 0)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"Decoding: {_decoding.TotalMilliseconds / _decoded:0.000} ms an image, {PerStep(_decoding):0.00} ms a step on ");
            text.Append(CultureInfo.InvariantCulture, $"{_decoders.Count} threads beside\n");
        }
        if (_layers.Count == 0) return text.ToString();
        text.Append("Of forward and backward, by kind:\n");
        foreach (var kind in _layers.GroupBy(entry => entry.Key.Kind).OrderByDescending(Sum)) Line(NameOf(kind.Key), Sum(kind));
        var layers = _layers.GroupBy(entry => entry.Key.Layer).OrderByDescending(Sum).ToList();
        text.Append("Of forward and backward, by layer ");
        text.Append(CultureInfo.InvariantCulture, $"({Math.Min(NamedLayers, layers.Count)} of {layers.Count}):\n");
        foreach (var layer in layers.Take(NamedLayers)) Line(layer.Key, Sum(layer));
        return text.ToString();

        double PerStep(TimeSpan time) => time.TotalMilliseconds / Steps;

        void Line(string name, TimeSpan time) => text.Append(
            CultureInfo.InvariantCulture, $"  {name,-28} {PerStep(time),9:0.00} ms {100 * time.TotalSeconds / all.TotalSeconds,5:0.0} %\n");

        static TimeSpan Sum(IEnumerable<KeyValuePair<(string Layer, TrainingWorkKind Kind), TimeSpan>> entries) =>
            TimeSpan.FromTicks(entries.Sum(entry => entry.Value.Ticks));
    }

    /// <summary>Begins the clock of an epoch; time before it is nobody's.</summary>
    internal void Restart() => _lap = Stopwatch.GetTimestamp();

    /// <summary>Begins a step.</summary>
    internal void BeginStep() => _begun++;

    /// <summary>Counts the time since the lap before as a phase.</summary>
    internal void Lap(StepPhase phase)
    {
        long now = Stopwatch.GetTimestamp();
        var time = Stopwatch.GetElapsedTime(_lap, now);
        if (Counts) _phases[(int)phase] += time;
        Trace(NameOf(phase), "step", _lap, time, StepThread);
        _lap = now;
    }

    /// <summary>Counts the images of a batch.</summary>
    internal void AddImages(int images)
    {
        if (Counts) _images += images;
    }

    /// <summary>Counts a work of a pass.</summary>
    internal void Add(TrainingWork work)
    {
        if (!Counts) return;
        var key = (work.Layer, work.Kind);
        _layers[key] = _layers.GetValueOrDefault(key) + work.Time;
        Trace($"{work.Layer}: {NameOf(work.Kind)}", "layer", work.Begin, work.Time, LayerThread);
    }

    /// <summary>Counts the decoding of images, on any thread.</summary>
    internal void AddDecoding(string thread, long begin, int images)
    {
        var time = Stopwatch.GetElapsedTime(begin);
        lock (_gate)
        {
            if (!Counts) return;
            int decoder = _decoders.IndexOf(thread);
            if (decoder < 0)
            {
                decoder = _decoders.Count;
                _decoders.Add(thread);
            }
            (_decoded, _decoding) = (_decoded + images, _decoding + time);
            Trace(images == 1 ? "image" : $"{images} images", "decoding", begin, time, FirstDecoder + decoder);
        }
    }

    private static string NameOf(StepPhase phase) => phase switch
    {
        StepPhase.Waiting => "waiting for images",
        StepPhase.Input => "images to floats",
        StepPhase.Other => "other",
        _ => phase.ToString().ToLowerInvariant(),
    };

    // InputGradient is "input gradient".
    private static string NameOf(TrainingWorkKind kind) =>
        string.Concat(kind.ToString().Select((letter, i) => char.IsUpper(letter) && i > 0 ? $" {letter}" : $"{letter}")).ToLowerInvariant();

    private void Trace(string name, string category, long begin, TimeSpan time, int thread)
    {
        if (!IsTraced) return;
        lock (_gate) _spans.Add(new Span(name, category, Stopwatch.GetElapsedTime(_start, begin), time, thread));
    }

    private void WriteTrace(Stream stream)
    {
        Span[] spans;
        string[] decoders;
        lock (_gate) (spans, decoders) = ([.. _spans], [.. _decoders]);
        using var json = new System.Text.Json.Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray("traceEvents");
        Name(StepThread, "step");
        Name(LayerThread, "layers");
        for (int i = 0; i < decoders.Length; i++) Name(FirstDecoder + i, decoders[i]);
        foreach (var span in spans)
        {
            Begin(span.Name, "X", span.Thread);
            json.WriteString("cat", span.Category);
            // In microseconds.
            json.WriteNumber("ts", span.Start.TotalMicroseconds);
            json.WriteNumber("dur", span.Time.TotalMicroseconds);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();

        void Begin(string name, string phase, int thread)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("ph", phase);
            json.WriteNumber("pid", 1);
            json.WriteNumber("tid", thread);
        }

        void Name(int thread, string name)
        {
            Begin("thread_name", "M", thread);
            json.WriteStartObject("args");
            json.WriteString("name", name);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private readonly record struct Span(string Name, string Category, TimeSpan Start, TimeSpan Time, int Thread);
}
