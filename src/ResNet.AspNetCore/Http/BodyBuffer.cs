using System.Buffers;
using ResNet.AspNetCore.Serving;

namespace ResNet.AspNetCore.Http;

/// <summary>The bytes of an upload, in memory of a pool that counts towards the budget of all requests.</summary>
internal sealed class BodyBuffer(UploadBudget budget) : IDisposable
{
    private const int LeastBytes = 1 << 14;

    private byte[] _bytes = [];
    private int _length;

    internal ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>Reads a stream to its end; false if it is longer than the limit.</summary>
    /// <param name="source">The stream.</param>
    /// <param name="limit">The most bytes.</param>
    /// <param name="expected">The length in bytes, if the sender says it.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="RefusedRequestException">There is no memory for so many requests.</exception>
    internal async Task<bool> TryReadAsync(Stream source, int limit, long? expected, CancellationToken cancellationToken)
    {
        if (expected > limit) return false;
        // What the sender promises is believed up to a point.
        Reserve((int)Math.Clamp((expected ?? 0) + 1, LeastBytes, 1 << 20));
        while (true)
        {
            if (_length == _bytes.Length) Reserve((int)Math.Min(2L * _length, Array.MaxLength));
            int read = await source.ReadAsync(_bytes.AsMemory(_length), cancellationToken).ConfigureAwait(false);
            if (read == 0) return true;
            _length += read;
            if (_length > limit) return false;
        }
    }

    /// <summary>Receives bytes.</summary>
    internal void Write(ReadOnlySpan<byte> bytes)
    {
        Reserve(Math.Max(bytes.Length, 1));
        bytes.CopyTo(_bytes);
        _length = bytes.Length;
    }

    /// <summary>Memory of at least so many bytes, for a caller that says afterwards how many it wrote.</summary>
    internal Span<byte> Take(int bytes)
    {
        Reserve(Math.Max(bytes, 1));
        return _bytes;
    }

    /// <summary>Says how many bytes of <see cref="Take"/> were written.</summary>
    internal void SetLength(int length) => _length = length;

    public void Dispose() => Free(ref _bytes);

    private void Reserve(int bytes)
    {
        if (bytes <= _bytes.Length) return;
        byte[] longer = ArrayPool<byte>.Shared.Rent(bytes);
        if (!budget.TryTake(longer.Length))
        {
            ArrayPool<byte>.Shared.Return(longer);
            throw new RefusedRequestException(
                429, "Too many pictures are being uploaded: try again after the time of the header Retry-After.", TimeSpan.FromSeconds(1));
        }
        _bytes.AsSpan(0, _length).CopyTo(longer);
        Free(ref _bytes);
        _bytes = longer;
    }

    private void Free(ref byte[] bytes)
    {
        if (bytes.Length == 0) return;
        budget.Return(bytes.Length);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = [];
    }
}
