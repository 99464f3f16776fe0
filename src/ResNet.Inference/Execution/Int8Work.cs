using ResNet.Inference.Kernels.Int8;

namespace ResNet.Inference.Execution;

/// <summary>A convolution of bytes.</summary>
/// <param name="kernels">The kernels.</param>
/// <param name="convolution">The convolution.</param>
/// <param name="division">Its parts; a row is a tile of pixels.</param>
internal sealed class Int8Work(Int8Kernels kernels, in Int8Convolution convolution, in Division division) : Work(division.Parts)
{
    // Fewer products in a part would not pay for taking it (about 20 µs).
    private const long LeastProducts = 2_000_000;

    // A part has at least so many tiles, or the weights, which are read for each part, are read too often.
    private const int LeastTiles = 6;

    private readonly Int8Convolution _convolution = convolution;
    private readonly Division _division = division;

    /// <summary>Divides a convolution into parts: by pixels; if there are few, by output channels.</summary>
    internal static Int8Work Divide(Int8Kernels kernels, in Int8Convolution convolution, int threads)
    {
        int tiles = Division.Ratio(convolution.Geometry.Pixels, Int8Kernels.Rows), panels = convolution.Panels.Length;
        long products = (long)convolution.Geometry.Pixels * convolution.Geometry.Taps * convolution.Depth
            * convolution.Panels.Sum(panel => panel.Vectors * kernels.Lanes);
        return new Int8Work(kernels, convolution, Division.Of(tiles, LeastTiles, panels, products / LeastProducts, threads));
    }

    private protected override void Compute(int part, int thread)
    {
        var (tiles, panels) = _division[part];
        kernels.Convolve(_convolution, tiles, panels);
    }
}
