using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using ResNet.AspNetCore.Models;
using ResNet.Imaging;
using ResNet.Imaging.Rendering;

namespace ResNet.AspNetCore.Batching;

/// <summary>
/// Decodes pictures on several threads, and computes on one more those that are decoded, together. The number of pictures is bounded.
/// </summary>
internal sealed class BatchingClassifier : IImageClassifier, IDisposable
{
    // Decoded pictures that wait for the next batches; more would only need memory.
    private const int BatchesAhead = 2;

    private readonly ResNetClassifierOptions _options;
    private readonly ModelHolder _models;
    private readonly Telemetry _telemetry;
    private readonly Channel<Job> _waiting = Channel.CreateUnbounded<Job>();
    private readonly Channel<Job> _decoded;
    private readonly List<Thread> _threads = [];
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _places;
    private volatile bool _stops;

    internal BatchingClassifier(ResNetClassifierOptions options, ModelHolder models, Telemetry telemetry)
    {
        (_options, _models, _telemetry) = (options, models, telemetry);
        _decoded = Channel.CreateBounded<Job>(BatchesAhead * options.MaximumBatchSize);
        telemetry.Observe(() => Volatile.Read(ref _places));
    }

    /// <summary>Whether another picture would get a place.</summary>
    internal bool HasPlace => Volatile.Read(ref _places) < _options.QueueLength;

    /// <summary>The time after which there will be a place.</summary>
    internal TimeSpan RetryAfter =>
        TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(Volatile.Read(ref _places) * _telemetry.SecondsPerPicture)));

    /// <summary>Whether pictures are refused, since the service stops.</summary>
    internal bool Stops => _stops;

    /// <summary>Begins to answer.</summary>
    internal void Start()
    {
        for (int i = 0; i < _options.DecodingThreads; i++) Start($"ResNet decoding {i}", Decode);
        Start("ResNet computing", Compute);
    }

    /// <summary>Refuses new pictures, and ends when all others are answered, or when the token is cancelled.</summary>
    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        _stops = true;
        if (Volatile.Read(ref _places) > 0)
        {
            try
            {
                await _empty.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The host has no more time.
            }
        }
        _waiting.Writer.TryComplete();
        _decoded.Writer.TryComplete();
    }

    public void Dispose()
    {
        _stops = true;
        _waiting.Writer.TryComplete();
        _decoded.Writer.TryComplete();
        foreach (var thread in _threads) thread.Join();
        _threads.Clear();
    }

    /// <inheritdoc/>
    public async Task<Classification> ClassifyAsync(
        ReadOnlyMemory<byte> picture, ClassificationOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Increment(ref _places) > _options.QueueLength || _stops)
        {
            var refusal = Refuse();
            LeavePlace();
            throw refusal;
        }
        try
        {
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limited.CancelAfter(_options.RequestTimeout);
            var job = new Job(picture, options ?? new(), limited.Token);
            if (!_waiting.Writer.TryWrite(job)) throw Stopped();
            using var cancelling = limited.Token.UnsafeRegister(static job => ((Job)job!).Cancel(), job);
            var outcome = await job.Task.ConfigureAwait(false);
            _telemetry.Answered(job);
            return Answer(outcome);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ClassificationException(
                ClassificationProblem.TimedOut,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The picture was not classified within {_options.RequestTimeout.TotalSeconds:0.###} s: try again later."),
                RetryAfter);
        }
        finally
        {
            LeavePlace();
        }
    }

    private static Classification Answer(Outcome outcome)
    {
        var answer = new Classification(outcome.Predictions)
        {
            Model = outcome.Model, Width = outcome.Width, Height = outcome.Height,
        };
        return outcome.Map is { } map ? answer with { HeatMap = HeatMapPicture.Make(map, outcome) } : answer;
    }

    /// <summary>Says why there is no place.</summary>
    internal ClassificationException Refuse() => _stops ? Stopped() : new(
        ClassificationProblem.QueueFull, "Too many pictures are waiting: try again after the time of the header Retry-After.", RetryAfter);

    private static ClassificationException Stopped() =>
        new(ClassificationProblem.Stopped, "The service is stopping: try again later, or another instance.", TimeSpan.FromSeconds(1));

    private void LeavePlace()
    {
        if (Interlocked.Decrement(ref _places) == 0 && _stops) _empty.TrySetResult();
    }

    private void Start(string name, Action work)
    {
        var thread = new Thread(() => work()) { IsBackground = true, Name = name };
        thread.Start();
        _threads.Add(thread);
    }

    private static bool Wait(ChannelReader<Job> jobs) => jobs.WaitToReadAsync().AsTask().GetAwaiter().GetResult();

    private void Decode()
    {
        // Both keep their memory from picture to picture.
        var readers = new Dictionary<int, ImageReader>();
        var canvas = new Canvas();
        while (Wait(_waiting.Reader))
        {
            while (_waiting.Reader.TryRead(out var job))
            {
                if (!job.TryDecode() || !TryDecode(job, readers, canvas)) continue;
                // False once the service has stopped.
                if (!_decoded.Writer.TryWrite(job) && !Wait(_decoded.Writer, job)) job.Fail(Stopped());
            }
        }
        foreach (var reader in readers.Values) reader.Dispose();
    }

    private static bool Wait(ChannelWriter<Job> jobs, Job job)
    {
        try
        {
            jobs.WriteAsync(job).AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    private bool TryDecode(Job job, Dictionary<int, ImageReader> readers, Canvas canvas)
    {
        var activity = Telemetry.Source.StartActivity("resnet.decode");
        long began = Stopwatch.GetTimestamp();
        try
        {
            var model = _models.Acquire();
            var classifier = model.Classifier;
            int? chosen = null;
            if (job.Options.Class is { } name && (chosen = classifier.FindClass(name)) is null)
            {
                model.Release();
                throw new InvalidOptionException(
                    nameof(ClassificationOptions), nameof(job.Options.Class), name, "one of the classes of this network");
            }
            job.Begin(model, chosen);
            int channels = classifier.Model.Channels;
            if (!readers.TryGetValue(channels, out var reader))
                readers[channels] = reader = new ImageReader(channels) { MaximumPixels = _options.MaximumPixels };
            reader.Open(job.Options.Name, job.Picture.Span);
            var size = (reader.Width, reader.Height);
            classifier.Fit(reader, job.Options.Name, canvas, job.Pixels);
            reader.Trim();
            _telemetry.Decoded(Stopwatch.GetElapsedTime(began));
            return job.TryPass((size.Width, size.Height, canvas.Seen));
        }
        catch (Exception failure)
        {
            job.Fail(failure);
            return false;
        }
        finally
        {
            activity?.Dispose();
        }
    }

    private void Compute()
    {
        var batch = new Batch(_options, _telemetry);
        var jobs = new List<Job>();
        while (jobs.Count > 0 || Wait(_decoded.Reader))
        {
            Gather(jobs);
            if (jobs.Count > 0) batch.ComputeFirst(jobs);
        }
        // What came in between the last batch and the end.
        while (_decoded.Reader.TryRead(out var job)) job.Fail(Stopped());
    }

    // Takes what is decoded, up to a batch; if it is fewer, others have a little time to come.
    private void Gather(List<Job> jobs)
    {
        Take(jobs);
        if (_options.MaximumWait <= TimeSpan.Zero || jobs.Count == 0) return;
        while (jobs.Count < _options.MaximumBatchSize)
        {
            var left = _options.MaximumWait - Stopwatch.GetElapsedTime(jobs[0].Decoded);
            if (left <= TimeSpan.Zero || !Wait(_decoded.Reader, left)) return;
            Take(jobs);
        }
    }

    private static bool Wait(ChannelReader<Job> jobs, TimeSpan most)
    {
        using var over = new CancellationTokenSource(most);
        try
        {
            return jobs.WaitToReadAsync(over.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Take(List<Job> jobs)
    {
        while (jobs.Count < _options.MaximumBatchSize && _decoded.Reader.TryRead(out var job))
        {
            if (job.TryCompute()) jobs.Add(job);
        }
    }
}
