namespace ResNet.Imaging.Color;

/// <summary>
/// Rotates the hue of RGB pixels through Pillow's 8-bit HSV (<c>src/libImaging/Convert.c</c>): to the bit what torchvision's
/// <c>adjust_hue</c> does to Pillow images.
/// </summary>
internal static class HueRotation
{
    // For each 8-bit hue: its sector of the circle, one of six, and its position within the sector, from 0 to 1.
    private static readonly byte[] s_sectors = [.. Enumerable.Range(0, 256).Select(hue => (byte)((int)(hue * 6.0 / 255.0) % 6))];
    private static readonly float[] s_fractions =
        [.. Enumerable.Range(0, 256).Select(hue => (float)((hue * 6.0 / 255.0) - Math.Floor(hue * 6.0 / 255.0)))];

    /// <summary>Rotates the hue; does not change grey images.</summary>
    /// <param name="pixels">Interleaved pixels.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="turn">The part of the circle, from -0.5 to 0.5. Even a turn of 0 rounds colours to 8-bit HSV.</param>
    public static void Apply(Span<byte> pixels, int channels, double turn)
    {
        if (channels == 1) return;
        byte shift = unchecked((byte)(int)(turn * 255));
        for (int i = 0; i <= pixels.Length - 3; i += 3)
        {
            var pixel = pixels.Slice(i, 3);
            Turn(ref pixel[0], ref pixel[1], ref pixel[2], shift);
        }
    }

    private static void Turn(ref byte red, ref byte green, ref byte blue, byte shift)
    {
        int most = Math.Max(red, Math.Max(green, blue));
        int range = most - Math.Min(red, Math.Min(green, blue));
        if (range == 0) return;
        byte hue = unchecked((byte)(Hue(red, green, blue, most, range) + shift));
        byte saturation = (byte)((float)range / most * 255.0);
        (red, green, blue) = saturation == 0 ? ((byte)most, (byte)most, (byte)most) : ToRgb(hue, saturation, (byte)most);
    }

    // Single and double precision alternate as in Pillow, which truncates the results.
    private static byte Hue(byte red, byte green, byte blue, int most, int range)
    {
        float r = (float)(most - red) / range, g = (float)(most - green) / range, b = (float)(most - blue) / range;
        float sector = red == most ? b - g
            : green == most ? (float)(2.0 + r - b)
            : (float)(4.0 + g - r);
        double turn = (sector / 6.0) + 1.0;
        return (byte)((float)(turn - (int)turn) * 255.0);
    }

    private static (byte Red, byte Green, byte Blue) ToRgb(byte hue, byte saturation, byte value)
    {
        float f = s_fractions[hue], s = (float)(saturation / 255.0);
        byte p = Round(value * (1.0 - s)), q = Round(value * (1.0 - (s * f))), t = Round(value * (1.0 - (s * (1.0 - f))));
        return s_sectors[hue] switch
        {
            0 => (value, t, p),
            1 => (q, value, p),
            2 => (p, value, t),
            3 => (p, q, value),
            4 => (t, p, value),
            _ => (value, p, q),
        };
    }

    private static byte Round(double value) => (byte)(value + 0.5);
}
