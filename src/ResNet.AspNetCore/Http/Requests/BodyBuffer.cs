namespace ResNet.AspNetCore.Http.Requests;

/// <summary>The bytes of an upload.</summary>
internal sealed class BodyBuffer(RequestMemory memory) : IDisposable
{
    // What a sender promises is not believed: memory grows with what comes.
    private const int LeastBytes = 1 << 14;

    private byte[] _bytes = [];
    private int _capacity;
    private int _length;

    internal ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>Reads a stream to its end; false if it is longer than the limit.</summary>
    /// <param name="source">The stream.</param>
    /// <param name="limit">The most bytes.</param>
    /// <param name="promised">The length in bytes, if the sender says it.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="RefusedRequestException">There is no memory for so many requests.</exception>
    internal async Task<bool> TryReadAsync(Stream source, int limit, long? promised, CancellationToken cancellationToken)
    {
        if (promised > limit) return false;
        while (_length < limit)
        {
            if (_length == _capacity) Reserve((int)Math.Min(limit, Math.Max(LeastBytes, 2L * _length)));
            int read = await source.ReadAsync(_bytes.AsMemory(_length, _capacity - _length), cancellationToken).ConfigureAwait(false);
            if (read == 0) return true;
            _length += read;
        }
        return await source.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) == 0;
    }

    /// <summary>Memory of at least so many bytes, for a caller that says afterwards how many it wrote.</summary>
    internal Span<byte> Take(int bytes)
    {
        Reserve(Math.Max(bytes, 1));
        return _bytes.AsSpan(0, _capacity);
    }

    /// <summary>Says how many bytes of <see cref="Take"/> were written.</summary>
    internal void SetLength(int length) => _length = length;

    public void Dispose()
    {
        memory.Return(_bytes, _capacity);
        (_bytes, _capacity, _length) = ([], 0, 0);
    }

    private void Reserve(int bytes)
    {
        if (bytes <= _capacity) return;
        _bytes = memory.Exchange(_bytes, _capacity, bytes);
        _capacity = bytes;
    }
}
