using System.Diagnostics;
using ResNet.AspNetCore.Models;
using ResNet.Imaging.Rendering;
using ResNet.Inference;

namespace ResNet.AspNetCore.Batching;

/// <summary>A picture on its way: waiting, being decoded, decoded, being computed, ended.</summary>
/// <remarks>
/// Each step moves the picture's state on, so that exactly one thread owns its pixels at a time. The task of a cancelled picture ends at
/// once, except while a decoder copies the caller's bytes; the thread that decodes or computes the picture returns its memory later.
/// </remarks>
internal sealed class Job(
    ReadOnlyMemory<byte> picture, ClassificationOptions options, ServedModel? model, CancellationToken cancellation)
{
    private readonly TaskCompletionSource<Outcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state = (int)JobState.Waiting;
    private ServedModel? _model = model;

    internal ReadOnlyMemory<byte> Picture { get; private set; } = picture;

    internal ClassificationOptions Options => options;

    /// <summary>Ends when the picture is computed, with what was computed.</summary>
    internal Task<Outcome> Task => _done.Task;

    /// <summary>The trace that the picture belongs to.</summary>
    internal ActivityContext Trace { get; } = Activity.Current?.Context ?? default;

    /// <summary>When the picture came, and when it was decoded, as of <see cref="Stopwatch"/>.</summary>
    internal long Began { get; } = Stopwatch.GetTimestamp();

    /// <inheritdoc cref="Began"/>
    internal long Decoded { get; private set; }

    /// <summary>The network: that of the request, or else that of the decoding.</summary>
    internal ServedModel Model => _model!;

    /// <summary>Whether the request has chosen the network.</summary>
    internal bool HasModel => _model is not null;

    /// <summary>The pixels for the network, once it is decoded.</summary>
    internal byte[] Pixels { get; private set; } = [];

    /// <summary>The number of the class of the heat map; null for the likeliest.</summary>
    internal int? Class { get; private set; }

    /// <summary>The picture's width and height, and the part that the network sees.</summary>
    internal (int Width, int Height, SourceArea Seen) Source { get; private set; }

    /// <summary>Takes the picture to decode it; false if it has ended.</summary>
    internal bool TryDecode() => TryMove(JobState.Waiting, JobState.Copying);

    /// <summary>Takes the picture to compute it; false if it has ended.</summary>
    internal bool TryCompute() => TryMove(JobState.Decoded, JobState.Computing);

    /// <summary>Takes a network, which belongs to this object from now on.</summary>
    internal void Take(ServedModel model) => _model = model;

    /// <summary>Gets memory for the pixels, and the class of the heat map.</summary>
    internal void Begin(int? chosen)
    {
        Class = chosen;
        Pixels = Model.RentPixels();
    }

    /// <summary>Says that the caller's bytes are copied, so that nobody has to wait any more.</summary>
    internal void SetCopied()
    {
        Picture = default;
        TryMove(JobState.Copying, JobState.Decoding);
        if (cancellation.IsCancellationRequested) Cancel();
    }

    /// <summary>Passes the pixels on to the computing thread; false if the picture was cancelled meanwhile.</summary>
    internal bool TryPass((int Width, int Height, SourceArea Seen) source)
    {
        Source = source;
        Decoded = Stopwatch.GetTimestamp();
        TryMove(JobState.Decoding, JobState.Decoded);
        // A cancellation during the decoding leaves the memory to this thread.
        if (!cancellation.IsCancellationRequested) return true;
        Cancel();
        return false;
    }

    /// <summary>Ends the picture with a result.</summary>
    internal void Complete(Prediction[] predictions, ClassActivationMap? map)
    {
        var (width, height, seen) = Source;
        string name = Model.Name;
        End();
        _done.TrySetResult(new Outcome(name, predictions, map, width, height, seen));
    }

    /// <summary>Ends the picture with an exception.</summary>
    internal void Fail(Exception failure)
    {
        End();
        _done.TrySetException(failure);
    }

    /// <summary>Ends the picture without a result.</summary>
    internal void Cancel()
    {
        if (TryMove(JobState.Waiting, JobState.Ended) || TryMove(JobState.Decoded, JobState.Ended))
        {
            End();
            _done.TrySetCanceled(cancellation);
        }
        else if ((JobState)Volatile.Read(ref _state) is JobState.Decoding or JobState.Computing)
        {
            // The thread that works on it returns its pixels.
            _done.TrySetCanceled(cancellation);
        }
    }

    private void End()
    {
        _state = (int)JobState.Ended;
        Picture = default;
        if (_model is not { } model) return;
        _model = null;
        if (Pixels.Length > 0) model.ReturnPixels(Pixels);
        Pixels = [];
        model.Release();
    }

    private bool TryMove(JobState from, JobState to) => Interlocked.CompareExchange(ref _state, (int)to, (int)from) == (int)from;
}
