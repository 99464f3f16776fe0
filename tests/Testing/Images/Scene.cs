namespace ResNet.Testing;

/// <summary>A picture of ten soft spots of colour, which can be drawn at any size, in part and brighter.</summary>
internal sealed class Scene
{
    private readonly (double X, double Y, double Radius, double[] Colour)[] _spots;

    internal Scene(int seed)
    {
        var random = new Random(seed);
        _spots =
        [
            .. Enumerable.Range(0, 10).Select(_ => (
                random.NextDouble(), random.NextDouble(), 0.05 + (0.2 * random.NextDouble()),
                new[] { random.NextDouble() - 0.5, random.NextDouble() - 0.5, random.NextDouble() - 0.5 })),
        ];
    }

    /// <summary>Draws RGB pixels.</summary>
    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels.</param>
    /// <param name="margin">What is left out on each side, as a part of it.</param>
    /// <param name="brightness">The factor of all colours.</param>
    internal byte[] Draw(int width, int height, double margin = 0, double brightness = 1)
    {
        byte[] pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            double x = margin + ((1 - (2 * margin)) * ((i / 3 % width) + 0.5) / width);
            double y = margin + ((1 - (2 * margin)) * ((i / 3 / width) + 0.5) / height);
            double level = 0.5;
            foreach (var (centreX, centreY, radius, colour) in _spots)
                level += colour[i % 3] * Math.Exp(-(((x - centreX) * (x - centreX)) + ((y - centreY) * (y - centreY))) / (radius * radius));
            pixels[i] = (byte)Math.Clamp(255 * brightness * level, 0, 255);
        }
        return pixels;
    }

    /// <summary>Draws a PNG file.</summary>
    /// <inheritdoc cref="Draw" path="/param"/>
    internal byte[] ToPng(int width, int height, double margin = 0, double brightness = 1) =>
        new TestPng(width, height, TestPng.Colours.Rgb).Encode(Draw(width, height, margin, brightness));
}
