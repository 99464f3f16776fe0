using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ResNet.Imaging.Color;

/// <summary>Sharpens and blurs as Pillow's <c>ImageEnhance.Sharpness</c> does, to the bit.</summary>
internal static class Smoothing
{
    private const int Lanes = 8;

    // Pillow's ImageFilter.SMOOTH: the middle counts 5, each of its 8 neighbours 1.
    private const float Neighbour = 1f / 13;
    private const float Middle = 5f / 13;

    /// <summary>Blends with the smoothed image.</summary>
    /// <param name="pixels">Interleaved pixels.</param>
    /// <param name="width">The image's width.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="factor">0 for the smoothed image, 1 for the image as it is, more for a sharper one.</param>
    /// <param name="scratch">As long as the image.</param>
    public static void Sharpness(Span<byte> pixels, int width, int channels, float factor, Span<byte> scratch)
    {
        Smooth(pixels, width, channels, scratch);
        Blending.Blend(scratch, pixels, factor);
    }

    /// <summary>Smooths all pixels but those at the edges.</summary>
    public static void Smooth(ReadOnlySpan<byte> pixels, int width, int channels, Span<byte> smoothed)
    {
        pixels.CopyTo(smoothed);
        int stride = width * channels;
        if (width < 3) return;
        for (int start = stride; start < pixels.Length - stride; start += stride)
            Smooth(
                pixels.Slice(start - stride, stride), pixels.Slice(start, stride), pixels.Slice(start + stride, stride),
                channels, smoothed.Slice(start, stride));
    }

    private static void Smooth(
        ReadOnlySpan<byte> above, ReadOnlySpan<byte> row, ReadOnlySpan<byte> below, int channels, Span<byte> smoothed)
    {
        int i = channels, end = row.Length - channels;
        if (Vector256.IsHardwareAccelerated)
        {
            ref byte target = ref MemoryMarshal.GetReference(smoothed);
            for (; i <= end - Lanes; i += Lanes)
            {
                // The order is Pillow's, because it decides how sums are rounded.
                var sum = Vector256.Create(0.5f)
                    + Row(below, i, channels, Neighbour) + Row(row, i, channels, Middle) + Row(above, i, channels, Neighbour);
                Store(sum, ref Unsafe.Add(ref target, i));
            }
        }
        for (; i < end; i++)
        {
            float sum = 0.5f
                + RowAt(below, i, channels, Neighbour) + RowAt(row, i, channels, Middle) + RowAt(above, i, channels, Neighbour);
            smoothed[i] = (byte)Math.Min(sum, 255f);
        }
    }

    private static float RowAt(ReadOnlySpan<byte> row, int i, int channels, float middle) =>
        (row[i - channels] * Neighbour) + (row[i] * middle) + (row[i + channels] * Neighbour);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Row(ReadOnlySpan<byte> row, int i, int channels, float middle) =>
        (Load(row, i - channels) * Neighbour) + (Load(row, i) * middle) + (Load(row, i + channels) * Neighbour);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(ReadOnlySpan<byte> row, int i)
    {
        ulong bytes = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref MemoryMarshal.GetReference(row), i));
        var (low, high) = Vector128.Widen(Vector128.WidenLower(Vector128.CreateScalarUnsafe(bytes).AsByte()));
        return Vector256.ConvertToSingle(Vector256.Create(low, high).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<float> values, ref byte target)
    {
        var levels = Vector256.ConvertToInt32(Vector256.Min(values, Vector256.Create(255f))).AsUInt32();
        var narrow = Vector128.Narrow(levels.GetLower(), levels.GetUpper());
        Unsafe.WriteUnaligned(ref target, Vector128.Narrow(narrow, narrow).AsUInt64().ToScalar());
    }
}
