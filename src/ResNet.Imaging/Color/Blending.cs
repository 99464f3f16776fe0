using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ResNet.Imaging.Color;

/// <summary>
/// Pillow's <c>Image.blend</c> of 8-bit images: single precision, clipped, truncated and not rounded (<c>src/libImaging/Blend.c</c>).
/// </summary>
internal static class Blending
{
    /// <summary>Interpolates from another image (factor 0) to this one (factor 1), or extrapolates beyond it.</summary>
    public static void Blend(ReadOnlySpan<byte> from, Span<byte> pixels, float factor)
    {
        ref byte first = ref MemoryMarshal.GetReference(from), second = ref MemoryMarshal.GetReference(pixels);
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= pixels.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
            {
                var blended = Blend(Vector256.LoadUnsafe(ref first, (nuint)i), Vector256.LoadUnsafe(ref second, (nuint)i), factor);
                blended.StoreUnsafe(ref second, (nuint)i);
            }
        }
        for (; i < pixels.Length; i++) pixels[i] = Blend(from[i], pixels[i], factor);
    }

    /// <summary>Blends one value.</summary>
    public static byte Blend(byte from, byte to, float factor) => (byte)Math.Clamp(from + (factor * (to - from)), 0f, 255f);

    private static Vector256<byte> Blend(Vector256<byte> from, Vector256<byte> to, float factor)
    {
        var (fromLow, fromHigh) = Vector256.Widen(from);
        var (toLow, toHigh) = Vector256.Widen(to);
        return Vector256.Narrow(Blend(fromLow, toLow, factor), Blend(fromHigh, toHigh, factor));
    }

    private static Vector256<ushort> Blend(Vector256<ushort> from, Vector256<ushort> to, float factor)
    {
        var (fromLow, fromHigh) = Vector256.Widen(from);
        var (toLow, toHigh) = Vector256.Widen(to);
        return Vector256.Narrow(Blend(fromLow.AsInt32(), toLow.AsInt32(), factor), Blend(fromHigh.AsInt32(), toHigh.AsInt32(), factor));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Blend(Vector256<int> from, Vector256<int> to, float factor)
    {
        // A product and a sum, each rounded: a fused operation would give other bits.
        var value = Vector256.ConvertToSingle(from) + (Vector256.ConvertToSingle(to - from) * factor);
        return Vector256.ConvertToInt32(Vector256.Min(Vector256.Max(value, Vector256<float>.Zero), Vector256.Create(255f))).AsUInt32();
    }
}
