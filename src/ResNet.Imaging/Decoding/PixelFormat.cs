using System.Runtime.InteropServices;
using NetVips;

namespace ResNet.Imaging.Decoding;

/// <summary>
/// The layout of a file's pixels, and their conversion to 8-bit grey or RGB. The arithmetic is Pillow's
/// (<c>src/libImaging/Convert.c</c>), because the published weights were trained on Pillow's pixels: alpha is dropped and
/// not blended, CMYK is inverted without a colour profile, 16 bits keep their upper half, but 16-bit grey without alpha is
/// clipped to 255, and negative grey to 0. Associated alpha is divided out, rounding down (<c>src/libImaging/Unpack.c</c>).
/// </summary>
internal readonly struct PixelFormat
{
    private readonly Colours _colours;
    private readonly int _bands;
    private readonly Depth _depth;

    // The channel of associated alpha, or -1.
    private readonly int _associatedAlpha;

    private PixelFormat(Colours colours, int bands, Depth depth, int associatedAlpha = -1)
    {
        _colours = colours;
        _bands = bands;
        _depth = depth;
        _associatedAlpha = associatedAlpha;
    }

    private enum Depth
    {
        Bits8,
        Upper8Of16,
        Clipped16,
        ClippedSigned16,
    }

    private enum Colours
    {
        Grey = 1,
        Rgb = 3,
        Cmyk = 4,
    }

    /// <summary>The size of a pixel in libvips' output.</summary>
    public int BytesPerPixel => _depth == Depth.Bits8 ? _bands : 2 * _bands;

    /// <summary>Reads the format from a decoded image; null for floating point, Lab and other formats that are not supported.</summary>
    /// <param name="image">The image.</param>
    /// <param name="hasAlpha">
    /// Whether the second channel of 16-bit grey is in the file. libvips also adds one for a grey value that is declared transparent.
    /// </param>
    /// <param name="associatedAlpha">The channel of the alpha that the colours have been multiplied by, or -1.</param>
    public static PixelFormat? Of(Image image, bool hasAlpha, int associatedAlpha = -1)
    {
        var bands = image.Bands;
        Colours? colours = image.Interpretation switch
        {
            Enums.Interpretation.Bw or Enums.Interpretation.Grey16 => Colours.Grey,
            Enums.Interpretation.Srgb or Enums.Interpretation.Rgb or Enums.Interpretation.Rgb16 => Colours.Rgb,
            Enums.Interpretation.Cmyk => Colours.Cmyk,
            Enums.Interpretation.Multiband => bands < 3 ? Colours.Grey : Colours.Rgb,
            _ => null,
        };
        var format = image.Format;
        if (colours is not { } known || bands < (int)known) return null;
        Depth? depth = format switch
        {
            Enums.BandFormat.Uchar => Depth.Bits8,
            Enums.BandFormat.Ushort => known == Colours.Grey && !hasAlpha && associatedAlpha < 0 ? Depth.Clipped16 : Depth.Upper8Of16,
            Enums.BandFormat.Short when known == Colours.Grey && bands == 1 => Depth.ClippedSigned16,
            _ => null,
        };
        return depth is null ? null : new PixelFormat(known, bands, depth.Value, associatedAlpha < bands ? associatedAlpha : -1);
    }

    /// <summary>The format of 8-bit grey (1 band), grey and alpha (2), RGB (3) or RGB and alpha (4).</summary>
    public static PixelFormat Of8Bit(int bands) => new(bands < 3 ? Colours.Grey : Colours.Rgb, bands, Depth.Bits8);

    /// <summary>Converts pixels to 8-bit grey (1 channel) or RGB (3 channels).</summary>
    /// <param name="source">The pixels from libvips; 16-bit ones and those with associated alpha are overwritten.</param>
    /// <param name="destination">As many pixels, interleaved.</param>
    /// <param name="channels">1 or 3.</param>
    public void Convert(Span<byte> source, Span<byte> destination, int channels)
    {
        if (_depth != Depth.Bits8)
            source = ToBytes(source, _depth);
        if (_associatedAlpha >= 0) DivideByAlpha(source);

        if (_bands == channels && (int)_colours == channels)
            source.CopyTo(destination);
        else if (_colours == Colours.Grey)
            SpreadGrey(source, destination, channels);
        else
            ConvertColours(source, destination, channels);
    }

    private static Span<byte> ToBytes(Span<byte> source, Depth depth)
    {
        var samples = MemoryMarshal.Cast<byte, ushort>(source);
        for (var i = 0; i < samples.Length; i++)
        {
            source[i] = (byte)(depth switch
            {
                Depth.Clipped16 => Math.Min(samples[i], byte.MaxValue),
                Depth.ClippedSigned16 => Math.Clamp((short)samples[i], byte.MinValue, byte.MaxValue),
                _ => samples[i] >> 8,
            });
        }
        return source[..samples.Length];
    }

    private void DivideByAlpha(Span<byte> pixels)
    {
        for (var from = 0; from < pixels.Length; from += _bands)
        {
            int alpha = pixels[from + _associatedAlpha];
            var colours = pixels.Slice(from, (int)_colours);
            if (alpha == 0) colours.Clear();
            else if (alpha < byte.MaxValue)
                foreach (ref var colour in colours) colour = (byte)Math.Min(byte.MaxValue, colour * byte.MaxValue / alpha);
        }
    }

    private void SpreadGrey(ReadOnlySpan<byte> source, Span<byte> destination, int channels)
    {
        for (int from = 0, to = 0; to < destination.Length; from += _bands, to += channels)
            destination.Slice(to, channels).Fill(source[from]);
    }

    private void ConvertColours(ReadOnlySpan<byte> source, Span<byte> destination, int channels)
    {
        for (int from = 0, to = 0; to < destination.Length; from += _bands, to += channels)
        {
            var (red, green, blue) = (source[from], source[from + 1], source[from + 2]);
            if (_colours == Colours.Cmyk)
            {
                var black = source[from + 3];
                (red, green, blue) = (WithoutInk(red, black), WithoutInk(green, black), WithoutInk(blue, black));
            }

            if (channels == 1)
            {
                destination[to] = Luma(red, green, blue);
            }
            else
            {
                destination[to] = red;
                destination[to + 1] = green;
                destination[to + 2] = blue;
            }
        }
    }

    // ITU-R 601-2 in 16-bit fixed point.
    private static byte Luma(byte red, byte green, byte blue) =>
        (byte)(((red * 19595) + (green * 38470) + (blue * 7471) + 0x8000) >> 16);

    // paper × (1 − ink) with paper = 1 − black, the product divided by 255 and rounded.
    private static byte WithoutInk(byte ink, byte black)
    {
        var paper = 255 - black;
        var product = (ink * paper) + 128;
        return (byte)Math.Max(0, paper - (((product >> 8) + product) >> 8));
    }
}
