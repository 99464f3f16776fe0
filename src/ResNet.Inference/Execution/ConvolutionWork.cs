using ResNet.Inference.Kernels;

namespace ResNet.Inference.Execution;

/// <summary>A convolution or a linear layer, by products.</summary>
internal sealed class ConvolutionWork : Work
{
    // Fewer products in a part would not pay for taking it (about 20 µs).
    private const long LeastProducts = 1_000_000;

    private readonly KernelSet _kernels;
    private readonly Convolution _convolution;
    private readonly int _tiles;
    private readonly int _tilesOfPart;
    private readonly int _panelsOfPart;
    private readonly int _panelParts;

    private ConvolutionWork(KernelSet kernels, in Convolution convolution, int tiles, int tilesOfPart, int panelsOfPart)
        : base(Ratio(tiles, tilesOfPart) * Ratio(convolution.Panels.Length, panelsOfPart))
    {
        (_kernels, _convolution, _tiles) = (kernels, convolution, tiles);
        (_tilesOfPart, _panelsOfPart) = (tilesOfPart, panelsOfPart);
        _panelParts = Ratio(convolution.Panels.Length, panelsOfPart);
    }

    /// <summary>Divides a convolution into parts: by pixels; if there are few, by output channels.</summary>
    internal static ConvolutionWork Divide(KernelSet kernels, in Convolution convolution, int threads)
    {
        int tiles = Ratio(convolution.Geometry.Pixels, TileKernels.Rows), panels = convolution.Panels.Length;
        long products = (long)convolution.Geometry.Pixels * convolution.Geometry.Taps * convolution.Depth
            * convolution.Panels.Sum(panel => panel.Vectors * kernels.Lanes);
        int parts = threads == 1 ? 1 : (int)Math.Clamp(products / LeastProducts, 1, 4L * threads);
        // Weights that do not fit the second-level cache are better read once than by each thread.
        bool byPanels = tiles < 4 * parts && panels >= parts;
        return byPanels
            ? new ConvolutionWork(kernels, convolution, tiles, tiles, Ratio(panels, parts))
            : new ConvolutionWork(kernels, convolution, tiles, Ratio(tiles, parts), panels);
    }

    private protected override void Compute(int part, int thread)
    {
        var (tile, panel) = Math.DivRem(part, _panelParts);
        (tile, panel) = (tile * _tilesOfPart, panel * _panelsOfPart);
        _kernels.Convolve(
            _convolution,
            tile..Math.Min(tile + _tilesOfPart, _tiles),
            panel..Math.Min(panel + _panelsOfPart, _convolution.Panels.Length));
    }

    private static int Ratio(int all, int part) => (all + part - 1) / part;
}
