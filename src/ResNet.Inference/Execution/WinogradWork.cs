using ResNet.Inference.Kernels;

namespace ResNet.Inference.Execution;

/// <summary>A 3×3 convolution by Winograd's algorithm, in blocks of tiles; all three passes of a block are one part.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="convolution">The convolution.</param>
/// <param name="size">The side of a tile of the output: 2 or 4 pixels.</param>
/// <param name="division">Its parts; a row is as many tiles as a tile of the matrix products has rows.</param>
/// <param name="threads">The most threads that compute together.</param>
/// <param name="scratch">The memory of the first thread.</param>
internal sealed class WinogradWork(
    KernelSet kernels, in Convolution<float, Epilogue> convolution, int size, in Division division, int threads, nint scratch)
    : Work(division.Parts, threads)
{
    // As much stays in the second-level cache.
    private const long CachedFloats = 160 * 1024;

    private readonly Convolution<float, Epilogue> _convolution = convolution;
    private readonly Division _division = division;
    private readonly int _tiles = WinogradBlock.TilesOf(convolution.Geometry, size);
    private readonly nint _scratchOfThread = (nint)FloatsOfThread(convolution.Geometry, size, convolution.Depth, division) * sizeof(float);

    /// <summary>The floats of memory that a convolution needs while it is computed.</summary>
    /// <param name="geometry">The convolution.</param>
    /// <param name="size">The side of a tile of the output.</param>
    /// <param name="depth">Input channels.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal static long Scratch(in Geometry geometry, int size, int depth, int threads) => IsWhole(geometry, size, depth)
        ? WinogradBlock.Floats(size, WinogradBlock.TilesOf(geometry, size), depth, geometry.OutputPitch)
        : threads * FloatsOfThread(geometry, size, depth, Divide(geometry, size, depth, threads));

    /// <summary>Divides a convolution into works, to compute one after the other.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="convolution">The convolution.</param>
    /// <param name="size">The side of a tile of the output.</param>
    /// <param name="threads">The most threads that compute together.</param>
    /// <param name="scratch">At least <see cref="Scratch"/> floats.</param>
    internal static Work[] Of(KernelSet kernels, in Convolution<float, Epilogue> convolution, int size, int threads, nint scratch)
    {
        var geometry = convolution.Geometry;
        if (!IsWhole(geometry, size, convolution.Depth))
            return [new WinogradWork(kernels, convolution, size, Divide(geometry, size, convolution.Depth, threads), threads, scratch)];
        int tiles = WinogradBlock.TilesOf(geometry, size);
        var block = new WinogradBlock(convolution, size, ..tiles, scratch);
        return
        [
            RowsWork.Of(tiles, threads, part => kernels.TransformInput(block, part)),
            RowsWork.Of(block.Units, threads, part => kernels.Multiply(block, part)),
            RowsWork.Of(tiles, threads, part => kernels.TransformOutput(block, part)),
        ];
    }

    private protected override void Compute(int part, int thread)
    {
        var (rows, _) = _division[part];
        int first = rows.Start.Value * TileKernels.Rows, end = Math.Min(rows.End.Value * TileKernels.Rows, _tiles);
        var block = new WinogradBlock(_convolution, size, first..end, scratch + (thread * _scratchOfThread));
        kernels.TransformInput(block, ..block.Count);
        kernels.Multiply(block, ..block.Units);
        kernels.TransformOutput(block, ..block.Count);
    }

    // Where the weights take more memory than the transformed tiles, each weight is read once, by one thread, and the tiles travel between
    // the caches of the cores. Where they take less, each thread reads all weights, and its tiles stay in its caches.
    private static bool IsWhole(in Geometry geometry, int size, int depth) =>
        WinogradBlock.TilesOf(geometry, size) * (long)(depth + geometry.OutputPitch) <= (long)depth * geometry.OutputPitch;

    private static long FloatsOfThread(in Geometry geometry, int size, int depth, in Division division) =>
        WinogradBlock.Floats(size, division.MostRows * TileKernels.Rows, depth, geometry.OutputPitch);

    private static Division Divide(in Geometry geometry, int size, int depth, int threads)
    {
        int rows = Division.Ratio(WinogradBlock.TilesOf(geometry, size), TileKernels.Rows), columns = geometry.OutputPitch;
        // The weights are read for each part. Where not even a few transformed tiles stay in the cache, parts have so many tiles that
        // reading the weights costs no more than writing and reading the tiles.
        long cached = CachedFloats / WinogradBlock.Floats(size, TileKernels.Rows, depth, columns);
        int balanced = Division.Ratio(depth * columns / (2 * (depth + columns)), TileKernels.Rows);
        int parts = Division.Ratio(rows, (int)Math.Max(cached > 1 ? cached : balanced, 2));
        return new Division(rows, Math.Min(Division.Ratio(parts, threads) * threads, rows), 1, 1);
    }
}
