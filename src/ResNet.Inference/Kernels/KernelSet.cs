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

    /// <summary>Computes some tiles of a 3×3 convolution of stride 1 by Winograd's algorithm, with some panels.</summary>
    /// <param name="convolution">The convolution; its weights are transformed.</param>
    /// <param name="size">The side of a tile of the output: 2 or 4 pixels.</param>
    /// <param name="tiles">The tiles.</param>
    /// <param name="panels">The panels.</param>
    /// <param name="scratch">At least <see cref="WinogradScratch"/> floats.</param>
    internal abstract void ConvolveWinograd(in Convolution<float, Epilogue> convolution, int size, Range tiles, Range panels, float* scratch);

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

    /// <summary>The floats that <see cref="ConvolveWinograd"/> needs.</summary>
    internal static long WinogradScratch(int size, int tiles, int depth, int columns) =>
        (size + 2) * (size + 2) * (WinogradStep(tiles, depth) + WinogradStep(tiles, columns));

    /// <summary>The floats from one element of transformed tiles to the next.</summary>
    /// <remarks>Not a power of two, as tiles and channels often give: the elements of a tile would share few places of the caches.</remarks>
    internal static long WinogradStep(int tiles, int channels) => ((long)tiles * channels) + Alignment;

    // Vectors of AVX-512 come with 32 registers for vectors of each width, as NEON has them.
    private static bool Registers() =>
        System.Runtime.Intrinsics.X86.Avx512F.VL.IsSupported || System.Runtime.Intrinsics.Arm.AdvSimd.Arm64.IsSupported;
}
