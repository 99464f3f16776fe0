using ResNet.Inference.Vectors;

namespace ResNet.Inference.Kernels.Int8;

/// <summary>The kernels on 8-bit integers for one width of vectors. Maps are <c>[N, H, W, C]</c> as in <see cref="KernelSet"/>.</summary>
internal abstract unsafe class Int8Kernels
{
    /// <summary>
    /// The largest weight. A product of an unsigned byte with it, and that of its neighbour, together fit 16 bits: the multiplication of
    /// AVX2 (<c>vpmaddubsw</c>) would cut off larger sums, so that processors with VNNI would give other results.
    /// </summary>
    internal const int MaximumWeight = 63;

    /// <summary>The pixels of a tile.</summary>
    internal const int Rows = 4;

    /// <summary>The bytes of a word: so many channels are multiplied by one instruction.</summary>
    internal const int Quad = 4;

    /// <summary>The most products of an output, so that 32 bits hold their sum.</summary>
    internal const int MaximumProducts = int.MaxValue / (byte.MaxValue * MaximumWeight);

    private static readonly Dictionary<VectorWidth, Int8Kernels> s_sets = new()
    {
        [VectorWidth.None] = new Int8Kernels<Quads1, Lane1>(),
        [VectorWidth.Vector128] = new Int8Kernels<Quads4, Lanes4>(),
        [VectorWidth.Vector256] = new Int8Kernels<Quads8, Lanes8>(),
        [VectorWidth.Vector512] = new Int8Kernels<Quads16, Lanes16>(),
    };

    private protected Int8Kernels(int lanes) => Lanes = lanes;

    /// <summary>Words of a vector.</summary>
    internal int Lanes { get; }

    /// <summary>The kernels for a width.</summary>
    internal static Int8Kernels For(VectorWidth width) => s_sets[width];

    /// <summary>Divides output channels, a multiple of <see cref="KernelSet.Alignment"/>, into panels of one or two vectors.</summary>
    internal IEnumerable<(int Column, int Vectors)> Columns(int channels) => Panel.Columns(channels, Lanes, most: 2);

    /// <summary>
    /// Computes the bytes of pixels, as <see cref="Quantize"/> does, whose channels lie without padding. What pads their bytes is
    /// multiplied with weights of 0.
    /// </summary>
    internal static void QuantizePixels(float* input, int pixels, int channels, float factor, float zero, byte* output, int pitch)
    {
        for (int i = 0; i < pixels; i++, input += channels, output += pitch)
        {
            for (int c = 0; c < channels; c++) Quads1.StoreBytes((new Lane1(input[c]) * new Lane1(factor)) + new Lane1(zero), output + c);
            for (int c = channels; c < pitch; c++) output[c] = 0;
        }
    }

    /// <summary>Convolves some tiles of pixels (<see cref="Rows"/> each) with some panels.</summary>
    internal abstract void Convolve(in Convolution<byte, Int8Epilogue> convolution, Range tiles, Range panels);

    /// <summary>Computes the bytes of floats: <c>round(input · factor + zero)</c>, clamped.</summary>
    internal abstract void Quantize(float* input, float factor, float zero, byte* output, long begin, long end);
}
