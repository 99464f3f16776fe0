using ResNet.Inference;
using ResNet.Inference.Kernels;
using ResNet.Inference.Vectors;

namespace ResNet.Core.Passes.Kernels;

/// <summary>
/// The kernels that training needs beside those of inference, for one width of vectors. Maps are <c>[N, H, W, C]</c>, with channels padded
/// to <see cref="KernelSet.Channels"/>.
/// </summary>
internal abstract unsafe class PassKernels
{
    private static readonly Dictionary<VectorWidth, PassKernels> s_sets = new()
    {
        [VectorWidth.None] = new PassKernels<Lane1>(),
        [VectorWidth.Vector128] = new PassKernels<Lanes4>(),
        [VectorWidth.Vector256] = new PassKernels<Lanes8>(),
        [VectorWidth.Vector512] = new PassKernels<Lanes16>(),
    };

    /// <summary>The kernels for a width.</summary>
    internal static PassKernels For(VectorWidth width) => s_sets[width];

    /// <summary>Adds the products of some pixels to a tile of a convolution's gradient for its weights.</summary>
    /// <param name="rows">The rows of the tile: 16 (with one vector), 6, 5 or 1 input channels.</param>
    /// <param name="vectors">Its width: 1, 2 or 4 vectors of output channels.</param>
    /// <param name="pixels">The pixels.</param>
    /// <param name="sums">The tile <c>[rows, vectors · lanes]</c>.</param>
    internal abstract void AddProducts(int rows, int vectors, in PixelPairs pixels, float* sums);

    /// <summary>Sums up the channels of some pixels, each less the first pixel, and the squares of these differences.</summary>
    /// <param name="map">The first pixel.</param>
    /// <param name="pixels">The number of pixels, at least 1.</param>
    /// <param name="channels">The channels of a pixel in memory.</param>
    /// <param name="sums">Receives <c>[2, channels]</c>.</param>
    internal abstract void Moments(float* map, int pixels, int channels, float* sums);

    /// <summary>Sums up gradients of a norm's output, and their products with its input less the mean.</summary>
    /// <param name="gradient">The gradients of the output.</param>
    /// <param name="output">The output, which is positive where the gradient counts; null to look at the norm's own output.</param>
    /// <param name="affine">
    /// Scale and shift <c>[2, channels]</c> of the norm, whose own output is positive where the gradient counts; null if all of it counts.
    /// </param>
    /// <param name="input">The input.</param>
    /// <param name="mean">The mean of each channel of the input.</param>
    /// <param name="pixels">The number of pixels.</param>
    /// <param name="channels">The channels of a pixel in memory.</param>
    /// <param name="sums">Receives <c>[2, channels]</c>.</param>
    internal abstract void NormSums(
        float* gradient, float* output, float* affine, float* input, float* mean, int pixels, int channels, float* sums);

    /// <summary>
    /// Computes the gradients of a norm's input, <c>a · gradient + b · (input - mean) + c</c>, and of what was added to its output.
    /// </summary>
    /// <param name="gradient">The gradients of the output.</param>
    /// <param name="output">The output, which is positive where the gradient counts; null to look at the norm's own output.</param>
    /// <param name="affine">
    /// Scale and shift <c>[2, channels]</c> of the norm, whose own output is positive where the gradient counts; null if all of it counts.
    /// </param>
    /// <param name="input">The input.</param>
    /// <param name="factors">a, b, c and the mean: <c>[4, channels]</c>.</param>
    /// <param name="pixels">The number of pixels.</param>
    /// <param name="channels">The channels of a pixel in memory.</param>
    /// <param name="target">The gradients of the input.</param>
    /// <param name="adds">Whether they are added to what is there.</param>
    /// <param name="added">The gradients of what was added; null for nothing. It may be <paramref name="gradient"/> itself.</param>
    /// <param name="addsAdded">Whether they are added to what is there.</param>
    internal abstract void NormGradient(
        float* gradient, float* output, float* affine, float* input, float* factors, int pixels, int channels, float* target, bool adds,
        float* added, bool addsAdded);

    /// <summary>Takes the maximum of each window, in rows of the output, and notes where it was.</summary>
    /// <param name="geometry">The windows.</param>
    /// <param name="input">The input.</param>
    /// <param name="output">The output.</param>
    /// <param name="places">Receives the number of the pixel in the window, for each number of the output.</param>
    /// <param name="rows">The rows of the output, of all images.</param>
    internal abstract void MaxPool(in Geometry geometry, float* input, float* output, byte* places, Range rows);

    /// <summary>Adds some pixels to others: <c>target = source + target</c>, or copies them.</summary>
    /// <param name="source">The pixels; null for zeros.</param>
    /// <param name="sourceStep">The floats from one of them to the next.</param>
    /// <param name="target">The others.</param>
    /// <param name="targetStep">The floats from one of them to the next.</param>
    /// <param name="pixels">Their number.</param>
    /// <param name="channels">The channels of a pixel in memory.</param>
    /// <param name="adds">Whether they are added.</param>
    internal abstract void Move(
        float* source, nint sourceStep, float* target, nint targetStep, int pixels, int channels, bool adds);

    /// <summary>Transforms tiles of 4×4 pixels of a convolution's output gradient to 6×6 elements: <c>A dY Aᵀ</c>.</summary>
    /// <param name="block">The tiles; the result takes the place of its products.</param>
    /// <param name="gradient">The gradient.</param>
    /// <param name="tiles">Some tiles, numbered from the first one of the block.</param>
    internal abstract void TransformGradient(in WinogradBlock block, float* gradient, Range tiles);

    /// <summary>Adds some numbers, a multiple of a vector's, to others.</summary>
    internal abstract void Add(float* source, int count, float* target);

    /// <summary>Copies some channels of pixels, side by side.</summary>
    /// <param name="source">The first channel of the first pixel.</param>
    /// <param name="step">The floats from a pixel to the next.</param>
    /// <param name="pixels">The pixels.</param>
    /// <param name="channels">The channels.</param>
    /// <param name="target">Receives <c>[pixels, channels]</c>.</param>
    internal abstract void Copy(float* source, nint step, int pixels, int channels, float* target);

    /// <summary>Transforms sums over tiles to the gradients of nine taps: <c>Gᵀ S G</c>.</summary>
    /// <param name="sums">The first of 36 elements.</param>
    /// <param name="step">The floats from one element to the next.</param>
    /// <param name="count">The number of output channels, a multiple of the lanes.</param>
    /// <param name="taps">Receives <c>[9, count]</c>.</param>
    internal abstract void TransformSums(float* sums, long step, int count, float* taps);
}
