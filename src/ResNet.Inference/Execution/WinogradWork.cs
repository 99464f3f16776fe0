using ResNet.Inference.Kernels;

namespace ResNet.Inference.Execution;

/// <summary>A 3×3 convolution by Winograd's algorithm.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="convolution">The convolution.</param>
/// <param name="size">The side of a tile of the output: 2 or 4 pixels.</param>
/// <param name="division">Its parts; a row is as many tiles as a tile of the matrix products has rows.</param>
/// <param name="scratch">The memory of the first thread.</param>
/// <param name="scratchOfThread">The floats from the memory of a thread to that of the next.</param>
internal sealed unsafe class WinogradWork(
    KernelSet kernels, in Convolution<float, Epilogue> convolution, int size, in Division division, nint scratch, long scratchOfThread)
    : Work(division.Parts)
{
    // As much stays in the second-level cache.
    private const long CachedFloats = 160 * 1024;

    private readonly Convolution<float, Epilogue> _convolution = convolution;
    private readonly Division _division = division;
    private readonly int _tiles = TilesOf(convolution.Geometry, size);

    /// <summary>The tiles of a map.</summary>
    internal static int TilesOf(in Geometry geometry, int size) =>
        geometry.Images * Division.Ratio(geometry.OutputHeight, size) * Division.Ratio(geometry.OutputWidth, size);

    /// <summary>Divides a convolution into parts.</summary>
    /// <param name="geometry">The convolution.</param>
    /// <param name="size">The side of a tile of the output.</param>
    /// <param name="depth">Input channels.</param>
    /// <param name="columns">Output channels.</param>
    /// <param name="panels">The panels of the output channels.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal static Division Divide(in Geometry geometry, int size, int depth, int columns, int panels, int threads)
    {
        int rows = Division.Ratio(TilesOf(geometry, size), TileKernels.Rows), elements = (size + 2) * (size + 2);
        // With few rows, threads share the output channels: each transforms the input, but rows need not be equal.
        int panelParts = rows < 8 * threads && panels >= threads ? threads : 1;
        long floats = (long)elements * TileKernels.Rows * (depth + (columns / panelParts));
        // The weights are read for each part. Where not even a few transformed tiles stay in the cache, parts have so many tiles that
        // reading the weights costs no more than writing and reading the tiles.
        long cached = CachedFloats / floats;
        int few = panelParts > 1 ? 4 : 2, balanced = Division.Ratio(depth * columns / (2 * (depth + columns)), TileKernels.Rows);
        int parts = Division.Ratio(rows, (int)Math.Max(cached > 1 ? cached : balanced, few));
        if (panelParts == 1) parts = Math.Min(Division.Ratio(parts, threads) * threads, rows);
        return new Division(rows, parts, panels, panelParts);
    }

    private protected override void Compute(int part, int thread)
    {
        var (rows, panels) = _division[part];
        int first = rows.Start.Value * TileKernels.Rows, end = Math.Min(rows.End.Value * TileKernels.Rows, _tiles);
        kernels.ConvolveWinograd(_convolution, size, first..end, panels, (float*)scratch + (thread * scratchOfThread));
    }
}
