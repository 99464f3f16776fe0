namespace ResNet.Training.Loading;

/// <summary>
/// A cache of transformed pixels for the next pass, up to a limit of memory.
/// </summary>
internal sealed class PixelCache(int images, long budget)
{
    private readonly byte[]?[] _images = new byte[]?[images];
    private long _left = budget;

    public bool TryRead(int index, Span<byte> pixels)
    {
        if (Volatile.Read(ref _images[index]) is not { } kept) return false;
        kept.CopyTo(pixels);
        return true;
    }

    public void Keep(int index, ReadOnlySpan<byte> pixels)
    {
        if (Interlocked.Add(ref _left, -pixels.Length) < 0)
        {
            Interlocked.Add(ref _left, pixels.Length);
            return;
        }
        // Another running pass may have stored the pixels first.
        if (Interlocked.CompareExchange(ref _images[index], pixels.ToArray(), null) is not null) Interlocked.Add(ref _left, pixels.Length);
    }
}
