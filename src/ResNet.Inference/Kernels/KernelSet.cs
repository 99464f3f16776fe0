using ResNet.Inference.Vectors;

namespace ResNet.Inference.Kernels;

/// <summary>All kernels for one width of vectors. Maps are <c>[N, H, W, C]</c> with channels padded to <see cref="Channels"/>.</summary>
internal abstract unsafe class KernelSet
{
    /// <summary>Pixels have a multiple of so many channels in memory (64 bytes); the channels at the end are 0.</summary>
    internal const int Alignment = 16;

    private static readonly Dictionary<VectorWidth, KernelSet> s_sets = new()
    {
        [VectorWidth.None] = new KernelSet<Lane1>(TileKernels.MaximumVectors),
        [VectorWidth.Vector128] = new KernelSet<Lanes4>(Registers() ? TileKernels.MaximumVectors : 2),
        [VectorWidth.Vector256] = new KernelSet<Lanes8>(Registers() ? TileKernels.MaximumVectors : 2),
        [VectorWidth.Vector512] = new KernelSet<Lanes16>(TileKernels.MaximumVectors),
    };

    private protected KernelSet(int lanes, int maximumVectors) => (Lanes, MaximumVectors) = (lanes, maximumVectors);

    /// <summary>Floats of a vector.</summary>
    internal int Lanes { get; }

    /// <summary>The width of the widest panels, in vectors.</summary>
    internal int MaximumVectors { get; }

    /// <summary>The kernels for a width.</summary>
    internal static KernelSet For(VectorWidth width) => s_sets[width];

    /// <summary>The channels that a pixel has in memory.</summary>
    internal static int Channels(int channels) => (channels + Alignment - 1) / Alignment * Alignment;

    /// <summary>Divides output channels, a multiple of <see cref="Alignment"/>, into panels.</summary>
    internal IEnumerable<(int Column, int Vectors)> Columns(int channels) => Panel.Columns(channels, Lanes, MaximumVectors);

    /// <summary>Convolves some tiles of pixels (<see cref="Tiling"/>) with some panels.</summary>
    internal abstract void Convolve(in Convolution<float, Epilogue> convolution, Range tiles, Range panels);

    /// <summary>The first pass of Winograd's algorithm: transforms some tiles, numbered from the first one of the block.</summary>
    internal abstract void TransformInput(in WinogradBlock block, Range tiles);

    /// <summary>The second pass: multiplies all tiles by some units of the weights (<see cref="WinogradBlock.Units"/>).</summary>
    internal abstract void Multiply(in WinogradBlock block, Range units);

    /// <summary>The last pass: transforms the products of some tiles to pixels of the output.</summary>
    internal abstract void TransformOutput(in WinogradBlock block, Range tiles);

    /// <summary>Takes the maximum of each window, in rows of the output; numbers outside of the map do not count.</summary>
    internal abstract void MaxPool(in Geometry geometry, float* input, float* output, Range rows);

    /// <summary>Takes the mean of each window of 2×2, in rows of the output.</summary>
    /// <param name="geometry">Without padding.</param>
    /// <param name="countsOutside">Whether pixels outside of the map count, as zeros.</param>
    /// <param name="input">The input.</param>
    /// <param name="output">The output.</param>
    /// <param name="rows">The rows, of all images.</param>
    internal abstract void AveragePool(in Geometry geometry, bool countsOutside, float* input, float* output, Range rows);

    /// <summary>Takes the mean of all pixels of an image.</summary>
    internal abstract void Mean(float* input, int pixels, int channels, float* output);

    /// <summary>Computes <c>input · scale + shift + add</c>, with ReLU, of pixels.</summary>
    internal abstract void Pointwise(
        float* input, float* scale, float* shift, float* add, bool relu, int channels, float* output, Range pixels);

    // Vectors of AVX-512 come with 32 registers for vectors of each width, as NEON has them.
    private static bool Registers() =>
        System.Runtime.Intrinsics.X86.Avx512F.VL.IsSupported || System.Runtime.Intrinsics.Arm.AdvSimd.Arm64.IsSupported;
}
