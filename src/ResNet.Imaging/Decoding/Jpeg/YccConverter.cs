using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Imaging.Decoding.Jpeg;

/// <summary>
/// Converts rows of YCbCr to RGB (<c>jdcolor.c</c>, the JFIF standard's factors with 16 bits), and upsamples halved chroma with
/// the triangle filter (<c>jdsample.c</c>, "fancy upsampling"), both to the bit as libjpeg.
/// </summary>
/// <remarks>Vectors of 16 pixels are read and written, so rows need that much padding.</remarks>
internal static unsafe class YccConverter
{
    /// <summary>The number of pixels that are converted at once.</summary>
    public const int Step = 16;

    /// <summary>The number of bytes that are written beyond the pixels of the last step.</summary>
    public const int Overrun = 4;

    /// <summary>Converts a row.</summary>
    /// <param name="luma">Y.</param>
    /// <param name="blue">Cb.</param>
    /// <param name="red">Cr.</param>
    /// <param name="count">The number of pixels; rounded up to a multiple of <see cref="Step"/>.</param>
    /// <param name="rgb">Receives three bytes a pixel.</param>
    public static void Convert(byte* luma, byte* blue, byte* red, int count, byte* rgb)
    {
        for (var i = 0; i < count; i += Step)
        {
            var y = Avx2.ConvertToVector256Int16(luma + i);
            var cb = Avx2.ConvertToVector256Int16(blue + i) - Vector256.Create((short)128);
            var cr = Avx2.ConvertToVector256Int16(red + i) - Vector256.Create((short)128);

            // 1.402 = 1 + 26345 / 2¹⁶ and 1.772 = 2 - 14942 / 2¹⁶.
            var r = y + cr + Scaled(cr, 26345);
            var b = y + cb + cb + Scaled(cb, -14942);
            // -0.344136 and -0.714136 = -1 + 18734 / 2¹⁶.
            var g = y - cr + Avx2.PackSignedSaturate(Mixed(Avx2.UnpackLow(cb, cr)), Mixed(Avx2.UnpackHigh(cb, cr)));
            Store(Bytes(r), Bytes(g), Bytes(b), rgb + (3 * i));
        }
    }

    /// <summary>Doubles the width of a row of chroma.</summary>
    /// <param name="source">The row; nothing beyond the image's edges is read.</param>
    /// <param name="first">The first column.</param>
    /// <param name="end">The column after the last.</param>
    /// <param name="width">The length of the row, at least 3.</param>
    /// <param name="target">Receives columns from twice <paramref name="first"/> on.</param>
    public static void DoubleWidth(byte* source, int first, int end, int width, byte* target)
    {
        for (var x = first; x < end; x++)
        {
            var own = source[x];
            var two = target + (2 * (x - first));
            two[0] = x == 0 ? own : (byte)(((own * 3) + source[x - 1] + 1) >> 2);
            two[1] = x == width - 1 ? own : (byte)(((own * 3) + source[x + 1] + 2) >> 2);
        }
    }

    /// <summary>Interpolates a row of chroma between two rows of half the height, and doubles its width.</summary>
    /// <param name="near">The nearer row.</param>
    /// <param name="far">The row on the other side.</param>
    /// <param name="first">The first column.</param>
    /// <param name="end">The column after the last.</param>
    /// <param name="width">The length of the rows, at least 3.</param>
    /// <param name="target">Receives columns from twice <paramref name="first"/> on.</param>
    public static void DoubleBoth(byte* near, byte* far, int first, int end, int width, byte* target)
    {
        var x = first;
        if (x == 0) BothAt(near, far, x++, first, width, target);
        // The neighbouring columns are read too; those of the last step may lie beyond the image, in the rows' padding.
        for (; x + 8 < Math.Min(end, width - 1); x += 8)
        {
            var own = Sums(near, far, x);
            var triple = own + own + own;
            var left = (triple + Sums(near, far, x - 1) + Vector128.Create((short)8)) >>> 4;
            var right = (triple + Sums(near, far, x + 1) + Vector128.Create((short)7)) >>> 4;
            Sse2.PackUnsignedSaturate(Sse2.UnpackLow(left, right), Sse2.UnpackHigh(left, right)).Store(target + (2 * (x - first)));
        }
        for (; x < end; x++) BothAt(near, far, x, first, width, target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Sums(byte* near, byte* far, int x)
    {
        var own = Sse41.ConvertToVector128Int16(near + x);
        return own + own + own + Sse41.ConvertToVector128Int16(far + x);
    }

    private static void BothAt(byte* near, byte* far, int x, int first, int width, byte* target)
    {
        var own = (near[x] * 3) + far[x];
        var two = target + (2 * (x - first));
        two[0] = (byte)(x == 0 ? ((own * 4) + 8) >> 4 : ((own * 3) + (near[x - 1] * 3) + far[x - 1] + 8) >> 4);
        two[1] = (byte)(x == width - 1 ? ((own * 4) + 7) >> 4 : ((own * 3) + (near[x + 1] * 3) + far[x + 1] + 7) >> 4);
    }

    // x · factor / 2¹⁶, rounded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Scaled(Vector256<short> x, short factor) =>
        (Avx2.MultiplyHigh(x + x, Vector256.Create(factor)) + Vector256<short>.One) >> 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Mixed(Vector256<short> blueAndRed)
    {
        var factors = Vector256.Create((18734 << 16) | (-22554 & 0xFFFF)).AsInt16();
        return (Avx2.MultiplyAddAdjacent(blueAndRed, factors) + Vector256.Create(1 << 15)) >> 16;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Bytes(Vector256<short> values) =>
        Avx2.Permute4x64(Avx2.PackUnsignedSaturate(values, values).AsUInt64(), 0b00_00_10_00).GetLower().AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<byte> r, Vector128<byte> g, Vector128<byte> b, byte* rgb)
    {
        // Drops the fourth byte of each pixel.
        var keep = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80);
        var (rgLow, rgHigh) = (Sse2.UnpackLow(r, g).AsUInt16(), Sse2.UnpackHigh(r, g).AsUInt16());
        var (bLow, bHigh) = (Sse2.UnpackLow(b, b).AsUInt16(), Sse2.UnpackHigh(b, b).AsUInt16());
        Ssse3.Shuffle(Sse2.UnpackLow(rgLow, bLow).AsByte(), keep).Store(rgb);
        Ssse3.Shuffle(Sse2.UnpackHigh(rgLow, bLow).AsByte(), keep).Store(rgb + 12);
        Ssse3.Shuffle(Sse2.UnpackLow(rgHigh, bHigh).AsByte(), keep).Store(rgb + 24);
        Ssse3.Shuffle(Sse2.UnpackHigh(rgHigh, bHigh).AsByte(), keep).Store(rgb + 36);
    }
}
