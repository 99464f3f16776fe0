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
    private readonly PictureGarbage _garbage = new();
    private readonly List<Thread> _threads = [];
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _places;
    private volatile bool _starts;
    private volatile bool _stops;
    private volatile bool _closed;

    internal BatchingClassifier(ResNetClassifierOptions options, ModelHolder models, Telemetry telemetry)
    {
        (_options, _models, _telemetry) = (options, models, telemetry);
        _decoded = Channel.CreateBounded<Job>(BatchesAhead * options.MaximumBatchSize);
        telemetry.Observe(() => Places);
    }

    /// <summary>Whether another picture would get a place.</summary>
    internal bool HasPlace => Places < _options.QueueLength;

    /// <summary>The pictures that are waiting, decoded or computed.</summary>
    internal int Places => Volatile.Read(ref _places);

    /// <summary>The time after which there will be a place.</summary>
    internal TimeSpan RetryAfter =>
        TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(Places * _telemetry.SecondsPerPicture)));

    /// <summary>Whether pictures are refused, since the service has not started, or stops.</summary>
    internal bool IsClosed => _stops || !_starts;

    /// <summary>Gets the present network, which the caller releases.</summary>
    internal ServedModel AcquireModel() => _models.Acquire();

    /// <summary>Begins to answer.</summary>
    internal void Start()
    {
        for (int i = 0; i < _options.DecodingThreads; i++) Start($"ResNet decoding {i}", Decode);
        Start("ResNet computing", Compute);
        _starts = true;
    }

    /// <summary>Refuses new pictures, and ends when all others are answered, or when the token is cancelled.</summary>
    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        _stops = true;
        // A thread that leaves the last place sees this flag, or this thread sees that all places are free.
        Interlocked.MemoryBarrier();
        if (Places > 0)
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
        Close();
    }

    public void Dispose()
    {
        _stops = true;
        Close();
        foreach (var thread in _threads) thread.Join();
        _threads.Clear();
    }

    /// <inheritdoc/>
    public Task<Classification> ClassifyAsync(
        ReadOnlyMemory<byte> picture, ClassificationOptions? options = null, CancellationToken cancellationToken = default) =>
        ClassifyAsync(picture, options ?? new(), model: null, cancellationToken);

    /// <summary>Classifies a picture with a network that the caller holds; null for the present one.</summary>
    internal async Task<Classification> ClassifyAsync(
        ReadOnlyMemory<byte> picture, ClassificationOptions options, ServedModel? model, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Increment(ref _places) > _options.QueueLength || IsClosed)
        {
            var refusal = Refuse();
            LeavePlace();
            throw refusal;
        }
        try
        {
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limited.CancelAfter(_options.RequestTimeout);
            // The caller's own hold keeps it in service for this one.
            model?.TryAcquire();
            var job = new Job(picture, options, model, limited.Token);
            if (!_waiting.Writer.TryWrite(job))
            {
                job.Cancel();
                throw Stopped();
            }
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
    internal ClassificationException Refuse() => IsClosed ? Stopped() : new(
        ClassificationProblem.QueueFull, "Too many pictures are waiting: try again after the time of the header Retry-After.", RetryAfter);

    private static ClassificationException Stopped() => new(
        ClassificationProblem.Stopped, "The service is starting or stopping: try again later.", TimeSpan.FromSeconds(1));

    private void Close()
    {
        _closed = true;
        _waiting.Writer.TryComplete();
        _decoded.Writer.TryComplete();
    }

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
                if (!job.TryDecode()) continue;
                long before = GC.GetAllocatedBytesForCurrentThread();
                if (_closed) job.Fail(Stopped());
                else if (TryDecode(job, readers, canvas) && !Pass(job) && job.TryCompute()) job.Fail(Stopped());
                _garbage.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }
    }

    // Waits for room; false once the service has stopped.
    private bool Pass(Job job)
    {
        if (_decoded.Writer.TryWrite(job)) return true;
        try
        {
            _decoded.Writer.WriteAsync(job).AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    private bool TryDecode(Job job, Dictionary<int, ImageReader> readers, Canvas canvas)
    {
        using var activity = Telemetry.Source.StartActivity("resnet.decode", ActivityKind.Internal, job.Trace);
        long began = Stopwatch.GetTimestamp();
        ImageReader? reader = null;
        try
        {
            if (!job.HasModel) job.Take(_models.Acquire());
            var classifier = job.Model.Classifier;
            int? chosen = null;
            if (job.Options.Class is { } name && (chosen = classifier.FindClass(name)) is null)
            {
                throw new InvalidOptionException(
                    nameof(ClassificationOptions), nameof(job.Options.Class), name, "one of the classes of this network");
            }
            job.Begin(chosen);
            int channels = classifier.Model.Channels;
            if (!readers.TryGetValue(channels, out reader))
                readers[channels] = reader = new ImageReader(channels) { MaximumPixels = _options.MaximumPixels };
            reader.Open(job.Options.Name, job.Picture.Span, job.SetCopied);
            var size = (reader.Width, reader.Height);
            classifier.Fit(reader, job.Options.Name, canvas, job.Pixels);
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
            // Frees a large picture now, not when the next one comes.
            reader?.Dispose();
            reader?.Trim();
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
        while (_decoded.Reader.TryRead(out var job))
        {
            if (job.TryCompute()) job.Fail(Stopped());
        }
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
