namespace ResNet.Imaging.Color;

/// <summary>
/// Brightness, contrast and saturation as Pillow's <c>ImageEnhance</c> changes them, to the bit; a factor of 1 changes nothing.
/// </summary>
/// <remarks>Pixels are interleaved, in 1 channel (grey) or 3 (RGB).</remarks>
internal static class ColorOperations
{
    /// <summary>Blends with black.</summary>
    public static void Brightness(Span<byte> pixels, float factor) => BlendWith(0, pixels, factor);

    /// <summary>Blends with the image's mean luma.</summary>
    public static void Contrast(Span<byte> pixels, int channels, float factor)
    {
        long sum = 0;
        if (channels == 1)
            foreach (byte value in pixels) sum += value;
        else
            for (int i = 0; i < pixels.Length; i += 3) sum += Luma(pixels[i], pixels[i + 1], pixels[i + 2]);
        BlendWith((byte)(((double)sum / (pixels.Length / channels)) + 0.5), pixels, factor);
    }

    /// <summary>Blends with the image in grey; does not change a grey image.</summary>
    /// <param name="pixels">The image.</param>
    /// <param name="channels">Its channels.</param>
    /// <param name="factor">0 for the image in grey.</param>
    /// <param name="scratch">As long as the image.</param>
    public static void Saturation(Span<byte> pixels, int channels, float factor, Span<byte> scratch)
    {
        if (channels == 1) return;
        pixels.CopyTo(scratch);
        Grey(scratch, channels);
        Blending.Blend(scratch, pixels, factor);
    }

    /// <summary>Sets all channels to the luma; does not change a grey image.</summary>
    public static void Grey(Span<byte> pixels, int channels)
    {
        if (channels == 1) return;
        for (int i = 0; i <= pixels.Length - 3; i += 3)
        {
            var pixel = pixels.Slice(i, 3);
            pixel[0] = pixel[1] = pixel[2] = Luma(pixel[0], pixel[1], pixel[2]);
        }
    }

    /// <summary>ITU-R 601-2 in 16.16 fixed point, rounded, as Pillow's conversion to grey does it.</summary>
    public static byte Luma(byte red, byte green, byte blue) => (byte)(((red * 19595) + (green * 38470) + (blue * 7471) + 0x8000) >> 16);

    private static void BlendWith(byte from, Span<byte> pixels, float factor)
    {
        Span<byte> table = stackalloc byte[256];
        for (int value = 0; value < table.Length; value++) table[value] = Blending.Blend(from, (byte)value, factor);
        ToneOperations.Map(pixels, table);
    }
}
