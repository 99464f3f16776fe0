namespace ResNet.Imaging.Color;

/// <summary>The colours of heat maps, from cold to hot.</summary>
internal static class HeatColours
{
    // Six points of the turbo colour map, as red, green and blue (Mikhailov 2019,
    // https://research.google/blog/turbo-an-improved-rainbow-colormap-for-visualization/).
    private static readonly byte[][] s_colours = [[48, 18, 59], [62, 155, 254], [70, 247, 131], [225, 220, 55], [239, 89, 17], [122, 4, 3]];

    /// <summary>Lays a colour over a pixel.</summary>
    /// <param name="pixel">Red, green and blue.</param>
    /// <param name="heat">From 0, cold, to 1, hot.</param>
    /// <param name="opacity">From 0, which leaves the pixel as it is, to 1, which replaces it.</param>
    internal static void Blend(Span<byte> pixel, float heat, double opacity)
    {
        double place = heat * (s_colours.Length - 1);
        int below = Math.Min((int)place, s_colours.Length - 2);
        double above = place - below;
        for (int i = 0; i < pixel.Length; i++)
        {
            double colour = (s_colours[below][i] * (1 - above)) + (s_colours[below + 1][i] * above);
            pixel[i] = (byte)Math.Round((pixel[i] * (1 - opacity)) + (colour * opacity));
        }
    }
}
