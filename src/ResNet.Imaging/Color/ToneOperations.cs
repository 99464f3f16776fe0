namespace ResNet.Imaging.Color;

/// <summary>The operations of Pillow's <c>ImageOps</c> that map each channel by a table, to the bit.</summary>
/// <remarks>Pixels are interleaved, in 1 channel (grey) or 3 (RGB).</remarks>
internal static class ToneOperations
{
    private const int Levels = 256;
    private const int MostChannels = 3;

    /// <summary>Keeps the most significant bits of each value.</summary>
    public static void Posterize(Span<byte> pixels, int bits)
    {
        byte mask = (byte)(0xFF << (8 - bits));
        for (int i = 0; i < pixels.Length; i++) pixels[i] &= mask;
    }

    /// <summary>Inverts all values from a threshold on.</summary>
    public static void Solarize(Span<byte> pixels, double threshold)
    {
        Span<byte> table = stackalloc byte[Levels];
        for (int value = 0; value < Levels; value++) table[value] = (byte)(value < threshold ? value : 255 - value);
        Map(pixels, table);
    }

    /// <summary>Stretches each channel so that its least value becomes 0 and its greatest 255.</summary>
    public static void AutoContrast(Span<byte> pixels, int channels)
    {
        Span<int> histogram = stackalloc int[Levels * MostChannels];
        Span<byte> tables = stackalloc byte[Levels * MostChannels];
        Count(pixels, channels, histogram);
        for (int channel = 0; channel < channels; channel++)
            Stretch(histogram.Slice(channel * Levels, Levels), tables.Slice(channel * Levels, Levels));
        Map(pixels, channels, tables);
    }

    /// <summary>Equalizes the histogram of each channel.</summary>
    public static void Equalize(Span<byte> pixels, int channels)
    {
        Span<int> histogram = stackalloc int[Levels * MostChannels];
        Span<byte> tables = stackalloc byte[Levels * MostChannels];
        Count(pixels, channels, histogram);
        for (int channel = 0; channel < channels; channel++)
            Equalize(histogram.Slice(channel * Levels, Levels), tables.Slice(channel * Levels, Levels));
        Map(pixels, channels, tables);
    }

    /// <summary>Replaces each value by its entry in a table of 256.</summary>
    public static void Map(Span<byte> pixels, ReadOnlySpan<byte> table)
    {
        table = table[..Levels];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = table[pixels[i]];
    }

    private static void Map(Span<byte> pixels, int channels, ReadOnlySpan<byte> tables)
    {
        if (channels == 1)
        {
            Map(pixels, tables);
            return;
        }
        ReadOnlySpan<byte> red = tables[..Levels], green = tables.Slice(Levels, Levels), blue = tables.Slice(2 * Levels, Levels);
        for (int i = 0; i <= pixels.Length - 3; i += 3)
        {
            var pixel = pixels.Slice(i, 3);
            (pixel[0], pixel[1], pixel[2]) = (red[pixel[0]], green[pixel[1]], blue[pixel[2]]);
        }
    }

    private static void Count(ReadOnlySpan<byte> pixels, int channels, Span<int> histogram)
    {
        histogram.Clear();
        for (int channel = 0; channel < channels; channel++)
        {
            var counts = histogram.Slice(channel * Levels, Levels);
            for (int i = channel; i < pixels.Length; i += channels) counts[pixels[i]]++;
        }
    }

    private static void Stretch(ReadOnlySpan<int> histogram, Span<byte> table)
    {
        int least = histogram.IndexOfAnyExcept(0), greatest = histogram.LastIndexOfAnyExcept(0);
        // Double precision, truncated: otherwise some values would differ by one.
        double scale = greatest > least ? 255.0 / (greatest - least) : 1, offset = greatest > least ? -least * scale : 0;
        for (int value = 0; value < Levels; value++) table[value] = (byte)Math.Clamp((value * scale) + offset, 0, 255);
    }

    private static void Equalize(ReadOnlySpan<int> histogram, Span<byte> table)
    {
        int greatest = histogram.LastIndexOfAnyExcept(0), sum = 0;
        for (int value = 0; value < greatest; value++) sum += histogram[value];
        int step = sum / 255;
        int below = step / 2;
        for (int value = 0; value < Levels; value++)
        {
            table[value] = (byte)(step == 0 ? value : Math.Min(below / step, 255));
            below += histogram[value];
        }
    }
}
