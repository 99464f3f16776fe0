using ResNet.Inference.Kernels;

namespace ResNet.Inference.Execution;

/// <summary>A 3×3 convolution by Winograd's algorithm.</summary>
internal sealed unsafe class WinogradWork : Work
{
    // The transformed tiles of a part should stay in the second-level cache.
    private const long CachedFloats = 128 * 1024;

    private readonly KernelSet _kernels;
    private readonly Convolution _convolution;
    private readonly int _size;
    private readonly int _tiles;
    private readonly int _tilesOfPart;
    private readonly int _panelsOfPart;
    private readonly int _panelParts;
    private readonly nint _scratch;
    private readonly long _scratchOfThread;

    private WinogradWork(
        KernelSet kernels, in Convolution convolution, int size, int tiles, int tilesOfPart, int panelsOfPart, nint scratch, long ofThread)
        : base(Ratio(tiles, tilesOfPart) * Ratio(convolution.Panels.Length, panelsOfPart))
    {
        (_kernels, _convolution, _size, _tiles) = (kernels, convolution, size, tiles);
        (_tilesOfPart, _panelsOfPart) = (tilesOfPart, panelsOfPart);
        _panelParts = Ratio(convolution.Panels.Length, panelsOfPart);
        (_scratch, _scratchOfThread) = (scratch, ofThread);
    }

    /// <summary>The tiles of a map.</summary>
    internal static int TilesOf(in Geometry geometry, int size) =>
        geometry.Images * Ratio(geometry.OutputHeight, size) * Ratio(geometry.OutputWidth, size);

    /// <summary>The floats that each thread needs.</summary>
    internal static long Scratch(in Geometry geometry, int size, int depth, int columns, int threads) =>
        KernelSet.WinogradScratch(size, Divide(geometry, size, depth, columns, threads).Tiles, depth, columns);

    /// <summary>Divides a convolution into parts: by tiles; if there are few, by output channels.</summary>
    internal static WinogradWork Divide(
        KernelSet kernels, in Convolution convolution, int size, int threads, nint scratch, long scratchOfThread)
    {
        var last = convolution.Panels[^1];
        int columns = last.Column + (last.Vectors * kernels.Lanes);
        var (tiles, byPanels) = Divide(convolution.Geometry, size, convolution.Depth, columns, threads);
        int panels = convolution.Panels.Length;
        return new WinogradWork(
            kernels, convolution, size, TilesOf(convolution.Geometry, size), tiles,
            byPanels ? Ratio(panels, Math.Min(threads, panels)) : panels, scratch, scratchOfThread);
    }

    private protected override void Compute(int part, int thread)
    {
        var (tile, panel) = Math.DivRem(part, _panelParts);
        (tile, panel) = (tile * _tilesOfPart, panel * _panelsOfPart);
        _kernels.ConvolveWinograd(
            _convolution, _size,
            tile..Math.Min(tile + _tilesOfPart, _tiles),
            panel..Math.Min(panel + _panelsOfPart, _convolution.Panels.Length),
            (float*)_scratch + (thread * _scratchOfThread));
    }

    // The transformed weights are read once for each block of tiles, so the blocks are as large as the cache allows.
    private static (int Tiles, bool ByPanels) Divide(in Geometry geometry, int size, int depth, int columns, int threads)
    {
        int all = TilesOf(geometry, size), elements = (size + 2) * (size + 2);
        int cached = (int)Math.Max(CachedFloats / ((long)elements * (depth + columns)), 2 * TileKernels.Rows);
        cached = cached / TileKernels.Rows * TileKernels.Rows;
        if (all <= cached) return (all, threads > 1);
        int blocks = Ratio(Ratio(all, cached), threads) * threads;
        int tiles = Ratio(Ratio(all, blocks), TileKernels.Rows) * TileKernels.Rows;
        return (Math.Min(tiles, all), false);
    }

    private static int Ratio(int all, int part) => (all + part - 1) / part;
}
