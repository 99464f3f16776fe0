using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using ResNet.Imaging;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Training.Data;
using static TorchSharp.torch;

namespace ResNet.Training.Loading;

/// <summary>Hears that a thread decoded images, which it began at a time of <see cref="Stopwatch.GetTimestamp"/>.</summary>
internal delegate void DecodingListener(string thread, long begin, int images);

/// <summary>Writes the image at a position of the epoch.</summary>
internal delegate void PositionDecoder(ImageWorker worker, int position, Span<byte> pixels);

/// <summary>
/// The threads and the memory of one pass over a dataset. Positions are handed out in order; a batch is ready when its
/// last image is. Memory holds the batch in use and at most <see cref="ImageLoaderOptions.Ahead"/> others.
/// </summary>
internal sealed class DecodingPipeline : IDisposable
{
    // Small images are handed out several at a time, so that threads do not wait for the lock at each image.
    private const int BytesAtATime = 64 * 1024;

    private const int Alignment = 64;

    // glibc maps blocks above 32 MiB separately and unmaps them when they are freed. Smaller blocks, allocated again in every epoch,
    // would fragment its heap, which then grows. Pages that are never written take no memory.
    private const long MappedMemory = (32 << 20) + (64 << 10);

    private readonly object _gate = new();
    private readonly ImageLoaderOptions _options;
    private readonly Compose _transforms;
    private readonly int[] _labels;
    private readonly int _imageBytes;
    private readonly int _atATime;
    private readonly Func<ImageWorker> _openWorker;
    private readonly PositionDecoder _decode;
    private readonly Func<Tensor, Tensor>? _copy;
    private readonly DecodingListener? _listener;
    private readonly Slot[] _slots;
    private readonly Tensor? _memory;
    private readonly Thread[] _workers;

    // Guarded by _gate: the next position to hand out, and the consumer's batch.
    private int _next;
    private int _inUse;
    private bool _stopped;

    // The slot of the consumer's batch.
    private Slot? _taken;

    // The first exception from disposing a worker.
    private ExceptionDispatchInfo? _closing;

    /// <summary>Starts at a batch of an epoch with these labels.</summary>
    /// <param name="options">The options of the loader.</param>
    /// <param name="transforms">The transforms, for the size of the pixels.</param>
    /// <param name="labels">The label at each position of the epoch.</param>
    /// <param name="firstBatch">The batch to start at.</param>
    /// <param name="openWorker">Opens a worker; called once on each thread.</param>
    /// <param name="decode">Decodes one image.</param>
    /// <param name="copy">
    /// Copies the consumer's batch, for example to page-locked memory; null to hand out the decoded memory itself.
    /// </param>
    /// <param name="listener">Hears of decoded images; null for nobody.</param>
    internal DecodingPipeline(
        ImageLoaderOptions options, Compose transforms, int[] labels, int firstBatch, Func<ImageWorker> openWorker, PositionDecoder decode,
        Func<Tensor, Tensor>? copy, DecodingListener? listener = null)
    {
        (_options, _transforms, _labels, _openWorker, _decode, _copy) = (options, transforms, labels, openWorker, decode, copy);
        _listener = listener;
        (_next, _inUse) = (firstBatch * options.BatchSize, firstBatch - 1);
        _imageBytes = checked(transforms.Size.Height * transforms.Size.Width * options.Channels);
        _atATime = Math.Max(1, BytesAtATime / _imageBytes);
        _slots = new Slot[Math.Min(options.Ahead, Math.Max(1, Batches(labels.Length - _next)) - 1) + 1];
        _workers = new Thread[Math.Clamp(labels.Length - _next, 0, options.Workers)];
        try
        {
            long bytes = Math.Max(MappedMemory, _slots.Length * Slot.Stride(options, transforms.Size));
            _memory = empty([bytes], ScalarType.Byte).DetachFromDisposeScope();
            for (int i = 0; i < _slots.Length; i++) _slots[i] = new Slot(_memory, i, options, transforms.Size);
            for (int i = 0; i < _workers.Length; i++)
            {
                var worker = new Thread(Work) { IsBackground = true, Name = $"image decoder {i}" };
                worker.Start();
                _workers[i] = worker;
            }
        }
        catch
        {
            // Too little memory for the batches, or too many threads.
            Dispose();
            throw;
        }
    }

    /// <summary>Releases the previous batch and waits for this one.</summary>
    internal ImageBatch Take(int batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var slot = _slots[batch % _slots.Length];
        // Its tensors are disposed before its memory is free for another batch.
        _taken?.Forget();
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
        slot.ThrowIfFailed();

        _taken = slot;
        return new ImageBatch(batch, slot.Images!, slot.Labels!, slot.Positions, _transforms.Normalize, slot.Erasures, slot.Skipped);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
        // Some are missing if the constructor failed.
        foreach (var worker in _workers) worker?.Join();
        foreach (var slot in _slots) slot?.Dispose();
        _memory?.Dispose();
    }

    /// <summary>Ends an epoch after all its batches were consumed.</summary>
    /// <exception cref="Exception">
    /// The first exception from disposing a reader; in a failed epoch it would hide the original error.
    /// </exception>
    internal void Complete()
    {
        Dispose();
        _closing?.Throw();
    }

    private int Batches(int images) => (images + _options.BatchSize - 1) / _options.BatchSize;

    private void WakeAll()
    {
        lock (_gate) Monitor.PulseAll(_gate);
    }

    private void Work()
    {
        ImageWorker? worker = null;
        try
        {
            while (Claim() is var (start, count) && count > 0)
            {
                var slot = _slots[start / _options.BatchSize % _slots.Length];
                long begin = _listener is null ? 0 : Stopwatch.GetTimestamp();
                for (int position = start; position < start + count; position++) Decode(ref worker, slot, position);
                _listener?.Invoke(Thread.CurrentThread.Name!, begin, count);
                if (Interlocked.Add(ref slot.Missing, -count) == 0) Finish(slot, start / _options.BatchSize);
            }
        }
        finally
        {
            Close(worker);
        }
    }

    // An uncaught exception on this thread would end the process.
    private void Close(ImageWorker? worker)
    {
        try
        {
            worker?.Dispose();
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _closing, ExceptionDispatchInfo.Capture(failure), null);
        }
    }

    private void Decode(ref ImageWorker? worker, Slot slot, int position)
    {
        int place = position % _options.BatchSize;
        try
        {
            worker ??= _openWorker();
            _decode(worker, position, slot.Pixels(place, _imageBytes));
            if (worker.Erasures.Count > 0) slot.Erase(place, worker.Erasures);
        }
        catch (ImageDecodingException failure) when (_options.OnUnreadableImage == OnUnreadableImage.Skip)
        {
            slot.Skip(place, failure);
        }
        catch (Exception failure)
        {
            slot.Fail(place, failure);
        }
    }

    // Runs on the thread that decoded the last image.
    private void Finish(Slot slot, int batch)
    {
        int start = batch * _options.BatchSize, count = Math.Min(_options.BatchSize, _labels.Length - start);
        try
        {
            slot.Finish(start, _labels.AsSpan(start, count), _imageBytes, _copy);
        }
        catch (Exception failure)
        {
            slot.Fail(count, failure);
        }
        lock (_gate)
        {
            slot.Ready = batch;
            Monitor.PulseAll(_gate);
        }
    }

    // Returns the next positions, all of one batch, or none at the end of the epoch; waits until there is free memory for the batch.
    private (int Start, int Count) Claim()
    {
        lock (_gate)
        {
            while (!_stopped && _next < _labels.Length && _next / _options.BatchSize - _inUse > _options.Ahead) Monitor.Wait(_gate);
            if (_stopped || _next >= _labels.Length) return default;
            int start = _next, place = start % _options.BatchSize;
            int left = Math.Min(_options.BatchSize - place, _labels.Length - start);
            if (place == 0) _slots[start / _options.BatchSize % _slots.Length].Begin(left);
            int count = Math.Min(_atATime, left);
            _next += count;
            return (start, count);
        }
    }

    /// <summary>The memory of one batch.</summary>
    private sealed class Slot : IDisposable
    {
        internal int Missing;

        private readonly Tensor _memory;
        private readonly unsafe byte* _pixels;
        private readonly SortedDictionary<int, IReadOnlyList<Erasure>> _erasures = [];
        private readonly SortedDictionary<int, ImageDecodingException> _skipped = [];
        private ExceptionDispatchInfo? _error;
        private int _failedAt;

        internal unsafe Slot(Tensor all, int index, ImageLoaderOptions options, ImageSize size)
        {
            using var part = all.narrow(
                0, index * Stride(options, size), (long)options.BatchSize * size.Height * size.Width * options.Channels);
            _memory = part.view(options.BatchSize, size.Height, size.Width, options.Channels).DetachFromDisposeScope();
            _pixels = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(_memory.bytes));
        }

        /// <summary>The finished batch, ready for the consumer.</summary>
        internal Tensor? Images { get; private set; }

        internal Tensor? Labels { get; private set; }

        internal int[] Positions { get; private set; } = [];

        /// <summary>Computes the distance in bytes from one batch's memory to the next.</summary>
        internal static long Stride(ImageLoaderOptions options, ImageSize size) =>
            (((long)options.BatchSize * size.Height * size.Width * options.Channels) + Alignment - 1) / Alignment * Alignment;

        /// <summary>The batch, when all its images are decoded.</summary>
        internal int Ready { get; set; } = -1;

        /// <summary>The rectangles to erase, by the place of the image.</summary>
        internal List<(int Image, Erasure Erasure)> Erasures { get; } = [];

        /// <summary>The skipped images, in their order.</summary>
        internal ImageDecodingException[] Skipped => [.. _skipped.Values];

        internal unsafe Span<byte> Pixels(int place, int length) => new(_pixels + ((long)place * length), length);

        internal void Begin(int images)
        {
            Missing = images;
            _error = null;
            _erasures.Clear();
            _skipped.Clear();
        }

        internal void Erase(int place, IReadOnlyList<Erasure> erasures)
        {
            lock (_erasures) _erasures.Add(place, [.. erasures]);
        }

        internal void Skip(int place, ImageDecodingException failure)
        {
            lock (_skipped) _skipped.Add(place, failure);
        }

        // Keeps the first of several errors in the order of the epoch, so that the same error is reported each time.
        internal void Fail(int place, Exception failure)
        {
            lock (_skipped)
            {
                if (_error is not null && _failedAt < place) return;
                _error = ExceptionDispatchInfo.Capture(failure);
                _failedAt = place;
            }
        }

        internal void ThrowIfFailed() => _error?.Throw();

        internal void Finish(int start, ReadOnlySpan<int> labels, int imageBytes, Func<Tensor, Tensor>? copy)
        {
            if (_error is not null) return;
            using var scope = NewDisposeScope();
            var kept = tensor(LeaveOutSkipped(start, labels, imageBytes));
            var images = _memory.narrow(0, 0, kept.NumberOfElements);
            if (copy is not null && kept.NumberOfElements > 0) (images, kept) = (copy(images), copy(kept));
            (Images, Labels) = (images.DetachFromDisposeScope(), kept.DetachFromDisposeScope());
        }

        /// <summary>Releases the batch after the consumer has finished with it.</summary>
        internal void Forget()
        {
            Images?.Dispose();
            Labels?.Dispose();
            (Images, Labels) = (null, null);
        }

        public void Dispose()
        {
            Forget();
            _memory.Dispose();
        }

        // Closes the gaps of skipped images, and returns the labels and positions of the others.
        private long[] LeaveOutSkipped(int start, ReadOnlySpan<int> all, int imageBytes)
        {
            var labels = new long[all.Length - _skipped.Count];
            Positions = new int[labels.Length];
            Erasures.Clear();
            int kept = 0;
            for (int place = 0; place < all.Length; place++)
            {
                if (_skipped.ContainsKey(place)) continue;
                (labels[kept], Positions[kept]) = (all[place], start + place);
                if (kept < place) Pixels(place, imageBytes).CopyTo(Pixels(kept, imageBytes));
                if (_erasures.TryGetValue(place, out var erasures)) Erasures.AddRange(erasures.Select(erasure => (kept, erasure)));
                kept++;
            }
            return labels;
        }
    }
}
