using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Inference.Kernels;

/// <summary>
/// What is needed next, of which a tile fetches a part into the second-level cache while it computes: reading weights from memory and
/// computing with those that are there take about as long, so they should not wait for each other. Once all weights are there, it is the
/// part of the map that the next tile adds or writes.
/// </summary>
/// <remarks>A cache line for each input channel: where a part has less than about four tiles, it fetches less than it needs.</remarks>
/// <param name="Begin">The first byte that this tile fetches.</param>
/// <param name="Step">The bytes that it moves on with each input channel.</param>
internal readonly unsafe record struct Ahead(nint Begin, nint Step)
{
    /// <summary>The bytes that a processor reads at once.</summary>
    internal const int CacheLine = 64;

    /// <summary>Divides weights among tiles.</summary>
    /// <param name="weights">The weights of this tile; those that are needed next follow them.</param>
    /// <param name="distance">The floats from weights to those that are needed next.</param>
    /// <param name="width">The floats of an input channel.</param>
    /// <param name="channels">The input channels, of all taps.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="tiles">The number of tiles.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Ahead Of(float* weights, long distance, int width, long channels, int tile, int tiles) =>
        new((nint)(weights + distance + (channels * width * tile / tiles)), ((width * sizeof(float)) + tiles - 1) / tiles);

    /// <summary>Divides the part of a map that the next tile adds or writes among the panels of a tile.</summary>
    /// <param name="map">The part's begin.</param>
    /// <param name="floats">Its length.</param>
    /// <param name="channels">The input channels, of all taps.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="panels">The number of panels.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Ahead OfMap(float* map, int floats, long channels, int panel, int panels)
    {
        long steps = panels * channels, bytes = (long)floats * sizeof(float);
        return new((nint)((byte*)map + (bytes * panel / panels)), (nint)Math.Min(CacheLine, (bytes + steps - 1) / steps));
    }

    /// <summary>Fetches the cache line of an address; does nothing where .NET cannot tell the processor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Fetch(nint address)
    {
        if (Sse.IsSupported) Sse.Prefetch1((void*)address);
    }
}
