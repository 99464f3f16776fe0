using System.Numerics;
using ResNet.Imaging;

namespace ResNet.Training.Data.Similarity;

/// <summary>An image as a grey picture of 16 × 16 pixels, to compare it with others.</summary>
/// <remarks>The pixels are those of Pillow's <c>resize((16, 16), BILINEAR).convert("L")</c>.</remarks>
internal sealed class Thumbnail
{
    internal const int Side = 16;

    private const int Count = Side * Side;
    // In a flat image, noise decides the correlation.
    private const double MinimumDeviation = 4;
    // ITU-R 601-2 in 16 bits, as in Pillow.
    private const int Red = 19595, Green = 38470, Blue = 7471, Half = 1 << 15;

    private readonly byte[] _pixels;
    private readonly int _sum;
    private readonly double _spread;

    /// <summary>Makes a thumbnail of 16 × 16 grey pixels.</summary>
    internal Thumbnail(byte[] pixels)
    {
        _pixels = pixels;
        foreach (byte pixel in pixels) _sum += pixel;
        _spread = Math.Sqrt(((long)Count * Product(pixels, pixels)) - ((long)_sum * _sum));
    }

    internal ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>The standard deviation of the pixels.</summary>
    internal double Deviation => _spread / Count;

    /// <summary>Makes the thumbnail of an RGB image; null if the image is smaller, or flat.</summary>
    internal static Thumbnail? Of(DecodedImage image)
    {
        if (Math.Min(image.Width, image.Height) < Side) return null;
        Span<byte> colours = stackalloc byte[Count * 3];
        image.CropResizeInto(0, 0, image.Width, image.Height, Side, Side, flipHorizontally: false, colours);
        byte[] grey = new byte[Count];
        for (int i = 0; i < Count; i++)
        {
            var colour = colours.Slice(3 * i, 3);
            grey[i] = (byte)(((colour[0] * Red) + (colour[1] * Green) + (colour[2] * Blue) + Half) >> 16);
        }
        var thumbnail = new Thumbnail(grey);
        return thumbnail.Deviation < MinimumDeviation ? null : thumbnail;
    }

    /// <summary>
    /// Computes 1 - the correlation of two thumbnails: 0 if they differ in brightness and contrast only, and about 1 by chance.
    /// </summary>
    internal double DistanceTo(Thumbnail other) =>
        1 - ((((long)Count * Product(_pixels, other._pixels)) - ((long)_sum * other._sum)) / (_spread * other._spread));

    private static uint Product(byte[] left, byte[] right)
    {
        var sum = Vector<uint>.Zero;
        for (int i = 0; i < Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(left, i), out var leftLow, out var leftHigh);
            Vector.Widen(new Vector<byte>(right, i), out var rightLow, out var rightHigh);
            // 255 × 255 fits into 16 bits.
            Vector.Widen(leftLow * rightLow, out var first, out var second);
            Vector.Widen(leftHigh * rightHigh, out var third, out var fourth);
            sum += first + second + third + fourth;
        }
        return Vector.Sum(sum);
    }
}
