using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Imaging.Decoding.Jpeg;

/// <summary>
/// Transforms coefficients to pixels, to the bit as libjpeg's accurate integer method (<c>jidctint.c</c>): the algorithm of
/// Loeffler, Ligtenberg and Moschytz 1989 with constants of 13 bits, columns first and rows second.
/// </summary>
/// <remarks>Two neighbouring blocks are transformed at once, one in each half of the vectors.</remarks>
internal static unsafe class InverseDct
{
    private const int ConstantBits = 13;
    private const int FirstPassBits = 2;

    private const short Fix0298631336 = 2446;
    private const short Fix0390180644 = 3196;
    private const short Fix0541196100 = 4433;
    private const short Fix0765366865 = 6270;
    private const short Fix0899976223 = 7373;
    private const short Fix1175875602 = 9633;
    private const short Fix1501321110 = 12299;
    private const short Fix1847759065 = 15137;
    private const short Fix1961570560 = 16069;
    private const short Fix2053119869 = 16819;
    private const short Fix2562915447 = 20995;
    private const short Fix3072711026 = 25172;

    /// <summary>Transforms two neighbouring blocks.</summary>
    /// <param name="blocks">Twice 64 coefficients, row by row.</param>
    /// <param name="quantization">The factors of the 64 coefficients.</param>
    /// <param name="pixels">Receives eight rows of 16 pixels.</param>
    /// <param name="stride">Bytes from one row of pixels to the next.</param>
    public static void Transform(short* blocks, short* quantization, byte* pixels, int stride)
    {
        var r0 = Dequantized(blocks, quantization, 0);
        var r1 = Dequantized(blocks, quantization, 1);
        var r2 = Dequantized(blocks, quantization, 2);
        var r3 = Dequantized(blocks, quantization, 3);
        var r4 = Dequantized(blocks, quantization, 4);
        var r5 = Dequantized(blocks, quantization, 5);
        var r6 = Dequantized(blocks, quantization, 6);
        var r7 = Dequantized(blocks, quantization, 7);
        if (IsExtreme(r0)) r0 = Shortened(r0, blocks);

        Pass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, ConstantBits - FirstPassBits);
        Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
        Pass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, ConstantBits + FirstPassBits + 3);
        Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);

        Store(r0, r1, pixels, stride);
        Store(r2, r3, pixels + (2 * stride), stride);
        Store(r4, r5, pixels + (4 * stride), stride);
        Store(r6, r7, pixels + (6 * stride), stride);
    }

    /// <summary>Transforms two neighbouring blocks that have no coefficients but the first.</summary>
    /// <inheritdoc cref="Transform" path="/param"/>
    public static void Fill(short* blocks, short* quantization, byte* pixels, int stride)
    {
        var both = Vector128.Create(Vector64.Create(Flat(blocks[0], quantization[0])), Vector64.Create(Flat(blocks[64], quantization[0])));
        for (var y = 0; y < 8; y++) both.Store(pixels + (y * stride));
    }

    private static byte Flat(short coefficient, short quantization) =>
        (byte)Math.Clamp(((Shortened((short)(coefficient * quantization)) + 4) >> 3) + 128, 0, 255);

    // libjpeg-turbo's vector code treats blocks with flat columns separately, and keeps 16 bits of the first pass there. It
    // matters only for values that no picture has.
    private static short Shortened(short value) => (short)((short)(value << FirstPassBits) >> FirstPassBits);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector256<short> Shortened(Vector256<short> first, short* blocks)
    {
        var all = (first << FirstPassBits) >> FirstPassBits;
        return Vector256.Create(
            HasFlatColumns(blocks) ? all.GetLower() : first.GetLower(),
            HasFlatColumns(blocks + 64) ? all.GetUpper() : first.GetUpper());
    }

    private static bool HasFlatColumns(short* block) => !new ReadOnlySpan<short>(block + 8, 56).ContainsAnyExcept((short)0);

    // Whether shortening would change any of the values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsExtreme(Vector256<short> values)
    {
        var limit = Vector256.Create((short)(1 << (15 - FirstPassBits)));
        return Vector256.GreaterThanAny((values + limit).AsUInt16(), (limit + limit - Vector256<short>.One).AsUInt16());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Dequantized(short* blocks, short* quantization, int row)
    {
        var factors = Vector128.Load(quantization + (8 * row));
        var coefficients = Vector256.Create(Vector128.Load(blocks + (8 * row)), Vector128.Load(blocks + 64 + (8 * row)));
        return coefficients * Vector256.Create(factors, factors);
    }

    // One dimension, for the eight columns of both blocks. The names are libjpeg's, from the paper's flow graph.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(
        ref Vector256<short> r0, ref Vector256<short> r1, ref Vector256<short> r2, ref Vector256<short> r3,
        ref Vector256<short> r4, ref Vector256<short> r5, ref Vector256<short> r6, ref Vector256<short> r7, int shift)
    {
        // Even part.
        var tmp2 = Pair.Of(r2, r6, Fix0541196100, Fix0541196100 - Fix1847759065);
        var tmp3 = Pair.Of(r2, r6, Fix0541196100 + Fix0765366865, Fix0541196100);
        var tmp0 = Pair.Scaled(r0 + r4);
        var tmp1 = Pair.Scaled(r0 - r4);
        var (tmp10, tmp13) = (tmp0 + tmp3, tmp0 - tmp3);
        var (tmp11, tmp12) = (tmp1 + tmp2, tmp1 - tmp2);

        // Odd part.
        var (z3, z4) = (r7 + r3, r5 + r1);
        var third = Pair.Of(z3, z4, Fix1175875602 - Fix1961570560, Fix1175875602);
        var fourth = Pair.Of(z3, z4, Fix1175875602, Fix1175875602 - Fix0390180644);
        var odd0 = Pair.Of(r7, r1, Fix0298631336 - Fix0899976223, -Fix0899976223) + third;
        var odd1 = Pair.Of(r5, r3, Fix2053119869 - Fix2562915447, -Fix2562915447) + fourth;
        var odd2 = Pair.Of(r5, r3, -Fix2562915447, Fix3072711026 - Fix2562915447) + third;
        var odd3 = Pair.Of(r7, r1, -Fix0899976223, Fix1501321110 - Fix0899976223) + fourth;

        r0 = (tmp10 + odd3).Rounded(shift);
        r7 = (tmp10 - odd3).Rounded(shift);
        r1 = (tmp11 + odd2).Rounded(shift);
        r6 = (tmp11 - odd2).Rounded(shift);
        r2 = (tmp12 + odd1).Rounded(shift);
        r5 = (tmp12 - odd1).Rounded(shift);
        r3 = (tmp13 + odd0).Rounded(shift);
        r4 = (tmp13 - odd0).Rounded(shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        ref Vector256<short> r0, ref Vector256<short> r1, ref Vector256<short> r2, ref Vector256<short> r3,
        ref Vector256<short> r4, ref Vector256<short> r5, ref Vector256<short> r6, ref Vector256<short> r7)
    {
        var a0 = Avx2.UnpackLow(r0, r1).AsInt32();
        var a1 = Avx2.UnpackHigh(r0, r1).AsInt32();
        var a2 = Avx2.UnpackLow(r2, r3).AsInt32();
        var a3 = Avx2.UnpackHigh(r2, r3).AsInt32();
        var a4 = Avx2.UnpackLow(r4, r5).AsInt32();
        var a5 = Avx2.UnpackHigh(r4, r5).AsInt32();
        var a6 = Avx2.UnpackLow(r6, r7).AsInt32();
        var a7 = Avx2.UnpackHigh(r6, r7).AsInt32();

        var b0 = Avx2.UnpackLow(a0, a2).AsInt64();
        var b1 = Avx2.UnpackHigh(a0, a2).AsInt64();
        var b2 = Avx2.UnpackLow(a1, a3).AsInt64();
        var b3 = Avx2.UnpackHigh(a1, a3).AsInt64();
        var b4 = Avx2.UnpackLow(a4, a6).AsInt64();
        var b5 = Avx2.UnpackHigh(a4, a6).AsInt64();
        var b6 = Avx2.UnpackLow(a5, a7).AsInt64();
        var b7 = Avx2.UnpackHigh(a5, a7).AsInt64();

        r0 = Avx2.UnpackLow(b0, b4).AsInt16();
        r1 = Avx2.UnpackHigh(b0, b4).AsInt16();
        r2 = Avx2.UnpackLow(b1, b5).AsInt16();
        r3 = Avx2.UnpackHigh(b1, b5).AsInt16();
        r4 = Avx2.UnpackLow(b2, b6).AsInt16();
        r5 = Avx2.UnpackHigh(b2, b6).AsInt16();
        r6 = Avx2.UnpackLow(b3, b7).AsInt16();
        r7 = Avx2.UnpackHigh(b3, b7).AsInt16();
    }

    // Adding 128, by its bit, moves the values from around 0 to the range from 0 to 255.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<short> first, Vector256<short> second, byte* pixels, int stride)
    {
        var bytes = Avx2.PackSignedSaturate(first, second).AsByte() ^ Vector256.Create((byte)0x80);
        // Each half has eight pixels of the first row and eight of the second.
        var rows = Avx2.Permute4x64(bytes.AsUInt64(), 0b11_01_10_00).AsByte();
        rows.GetLower().Store(pixels);
        rows.GetUpper().Store(pixels + stride);
    }

    /// <summary>32-bit values for the eight columns of both blocks: the first four of each, and the last four.</summary>
    private readonly struct Pair(Vector256<int> first, Vector256<int> last)
    {
        private readonly Vector256<int> _first = first;
        private readonly Vector256<int> _last = last;

        /// <summary><c>x · a + y · b</c>.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Pair Of(Vector256<short> x, Vector256<short> y, short a, short b)
        {
            var factors = Vector256.Create((b << 16) | (ushort)a).AsInt16();
            return new(
                Avx2.MultiplyAddAdjacent(Avx2.UnpackLow(x, y), factors),
                Avx2.MultiplyAddAdjacent(Avx2.UnpackHigh(x, y), factors));
        }

        /// <summary><c>x · 2¹³</c>.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Pair Scaled(Vector256<short> x) => new(
            Avx2.UnpackLow(Vector256<short>.Zero, x).AsInt32() >> (16 - ConstantBits),
            Avx2.UnpackHigh(Vector256<short>.Zero, x).AsInt32() >> (16 - ConstantBits));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Pair operator +(Pair a, Pair b) => new(a._first + b._first, a._last + b._last);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Pair operator -(Pair a, Pair b) => new(a._first - b._first, a._last - b._last);

        /// <summary>Divides by a power of two, rounds, and packs into 16 bits.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<short> Rounded(int shift)
        {
            var half = Vector256.Create(1 << (shift - 1));
            return Avx2.PackSignedSaturate((_first + half) >> shift, (_last + half) >> shift);
        }
    }
}
