using ResNet.Inference.Kernels;
using ResNet.Inference.Kernels.Int8;

namespace ResNet.Inference.Execution;

/// <summary>A convolution or a linear layer, by products.</summary>
/// <param name="division">Its parts; a row is a tile of pixels.</param>
/// <param name="threads">The most threads that compute together.</param>
/// <param name="convolve">Computes some tiles with some panels.</param>
internal sealed class ConvolutionWork(in Division division, int threads, Action<Range, Range> convolve)
    : Work(division.Parts, threads)
{
    // Fewer products in a part would not pay for taking it (about 20 µs).
    private const long LeastProducts = 1_000_000, LeastProductsOfBytes = 2_000_000;

    // A part has at least so many tiles, or the weights, which are read for each part, are read too often.
    private const int LeastTiles = 4, LeastTilesOfBytes = 6;

    private readonly Division _division = division;

    /// <summary>Divides a convolution into parts: by pixels; if there are few, by output channels.</summary>
    internal static ConvolutionWork Of(KernelSet kernels, Convolution<float, Epilogue> convolution, int threads)
    {
        int tiles = new Tiling(convolution.Geometry.Pixels).Count;
        long parts = Products(convolution, kernels.Lanes) / LeastProducts;
        return new ConvolutionWork(
            Division.Of(tiles, LeastTiles, convolution.Panels.Length, parts, threads),
            threads,
            (someTiles, panels) => kernels.Convolve(convolution, someTiles, panels));
    }

    /// <inheritdoc cref="Of(KernelSet, Convolution{float, Epilogue}, int)"/>
    internal static ConvolutionWork Of(Int8Kernels kernels, Convolution<byte, Int8Epilogue> convolution, int threads)
    {
        int tiles = Division.Ratio(convolution.Geometry.Pixels, Int8Kernels.Rows);
        long parts = Products(convolution, kernels.Lanes) / LeastProductsOfBytes;
        return new ConvolutionWork(
            Division.Of(tiles, LeastTilesOfBytes, convolution.Panels.Length, parts, threads),
            threads,
            (someTiles, panels) => kernels.Convolve(convolution, someTiles, panels));
    }

    private protected override void Compute(int part, int thread)
    {
        var (tiles, panels) = _division[part];
        convolve(tiles, panels);
    }

    private static long Products<T, TEpilogue>(in Convolution<T, TEpilogue> convolution, int lanes)
        where T : unmanaged
        where TEpilogue : struct =>
        (long)convolution.Geometry.Pixels * convolution.Geometry.Taps * convolution.Depth
            * convolution.Panels.Sum(panel => panel.Vectors * lanes);
}
