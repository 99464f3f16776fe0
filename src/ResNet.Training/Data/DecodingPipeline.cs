using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ResNet.Training.Data;

/// <summary>Decodes one image of the epoch.</summary>
/// <param name="position">Its place in the epoch.</param>
/// <param name="pixels">Where its pixels go: rows of interleaved channels.</param>
internal delegate void PixelDecoder(int position, Span<byte> pixels);

/// <summary>
/// The threads and the memory of one pass over a dataset. Positions are handed out one by one and in order; a batch is
/// ready when its last image is. Beside the batch in use, at most <see cref="ImageLoaderOptions.Ahead"/> are in memory.
/// </summary>
internal sealed unsafe class DecodingPipeline : IDisposable
{
    private readonly object _gate = new();
    private readonly int _batchSize;
    private readonly int _imageBytes;
    private readonly int _ahead;
    private readonly int[] _labels;
    private readonly PixelDecoder _decode;
    private readonly Slot[] _slots;
    private readonly Thread[] _workers;

    // Guarded by _gate: the next position to hand out, and the batch that the consumer has.
    private int _next;
    private int _inUse = -1;
    private bool _stopped;

    private Tensor? _images;
    private Tensor? _batchLabels;

    internal DecodingPipeline(ImageLoaderOptions options, int[] labels, PixelDecoder decode)
    {
        (_batchSize, _ahead, _labels, _decode) = (options.BatchSize, options.Ahead, labels, decode);
        _imageBytes = checked(options.ImageSize * options.ImageSize * options.Channels);
        _slots = new Slot[_ahead + 1];
        for (int i = 0; i < _slots.Length; i++) _slots[i] = new Slot(_batchSize, options.ImageSize, options.Channels);
        _workers = new Thread[Math.Min(options.Workers, labels.Length)];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Thread(Work) { IsBackground = true, Name = $"image decoder {i}" };
            _workers[i].Start();
        }
    }

    /// <summary>Gives back the batch before and waits for this one.</summary>
    internal ImageBatch Take(int batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var slot = _slots[batch % _slots.Length];
        using (cancellationToken.UnsafeRegister(static state => ((DecodingPipeline)state!).WakeAll(), this))
        {
            lock (_gate)
            {
                _inUse = batch;
                Monitor.PulseAll(_gate);
                while (slot.Ready != batch)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Monitor.Wait(_gate);
                }
            }
        }
        slot.Error?.Throw();

        int start = batch * _batchSize, count = Math.Min(_batchSize, _labels.Length - start);
        Forget();
        var labels = Array.ConvertAll(_labels[start..(start + count)], label => (long)label);
        _batchLabels = tensor(labels).DetachFromDisposeScope();
        _images = slot.Images.narrow(0, 0, count).DetachFromDisposeScope();
        return new ImageBatch(batch, _images, _batchLabels);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
        foreach (var worker in _workers) worker.Join();
        Forget();
        foreach (var slot in _slots) slot.Images.Dispose();
    }

    private void WakeAll()
    {
        lock (_gate) Monitor.PulseAll(_gate);
    }

    private void Forget()
    {
        _images?.Dispose();
        _batchLabels?.Dispose();
    }

    private void Work()
    {
        while (Claim() is var position && position >= 0)
        {
            int batch = position / _batchSize, place = position % _batchSize;
            var slot = _slots[batch % _slots.Length];
            try
            {
                _decode(position, new Span<byte>(slot.Pixels + ((long)place * _imageBytes), _imageBytes));
            }
            catch (Exception e)
            {
                lock (_gate) slot.Fail(position, e);
            }
            if (Interlocked.Decrement(ref slot.Missing) > 0) continue;
            lock (_gate)
            {
                slot.Ready = batch;
                Monitor.PulseAll(_gate);
            }
        }
    }

    // The next position, or -1 when there is nothing left to do; waits while there is no free memory for its batch.
    private int Claim()
    {
        lock (_gate)
        {
            while (!_stopped && _next < _labels.Length && _next / _batchSize > _inUse + _ahead) Monitor.Wait(_gate);
            if (_stopped || _next >= _labels.Length) return -1;
            if (_next % _batchSize == 0) _slots[_next / _batchSize % _slots.Length].Begin(Math.Min(_batchSize, _labels.Length - _next));
            return _next++;
        }
    }

    /// <summary>The memory of one batch.</summary>
    private sealed class Slot
    {
        internal readonly Tensor Images;
        internal readonly byte* Pixels;
        internal int Missing;
        private int _failedAt;

        internal Slot(int batchSize, int size, int channels)
        {
            Images = empty([batchSize, size, size, channels], ScalarType.Byte).DetachFromDisposeScope();
            Pixels = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Images.bytes));
        }

        /// <summary>The batch whose images are all here.</summary>
        internal int Ready { get; set; } = -1;

        internal ExceptionDispatchInfo? Error { get; private set; }

        internal void Begin(int images)
        {
            Missing = images;
            Error = null;
        }

        // The first of several errors in the order of the epoch, so that the same one is reported each time.
        internal void Fail(int position, Exception error)
        {
            if (Error is not null && _failedAt < position) return;
            Error = ExceptionDispatchInfo.Capture(error);
            _failedAt = position;
        }
    }
}
