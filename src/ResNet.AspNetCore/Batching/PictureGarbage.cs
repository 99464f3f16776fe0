namespace ResNet.AspNetCore.Batching;

/// <summary>Has the memory of large pictures collected, so that it does not stay with the process.</summary>
/// <remarks>
/// The garbage collector may see no reason for a collection of large objects for hours after a few large pictures, and keeps what it
/// frees for later ones. A collection of a service's small heap takes some milliseconds, the decoding of a large picture some hundred.
/// </remarks>
internal sealed class PictureGarbage
{
    // Smaller pictures take their pixels from a pool.
    private const long LargeBytes = 16 << 20;

    // A little more than half of what a picture of the default limit needs.
    private const long MostBytes = 96 << 20;

    private long _bytes;

    /// <summary>Counts what the decoding of a picture allocated, and collects it if it is much by now.</summary>
    internal void Add(long bytes)
    {
        if (bytes < LargeBytes || Interlocked.Add(ref _bytes, bytes) < MostBytes) return;
        Interlocked.Exchange(ref _bytes, 0);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
