using System.Security.Cryptography;
using ResNet.Imaging;
using ResNet.Imaging.Rendering;

namespace ResNet.Testing;

/// <summary>A picture of 37 × 29 pixels from a formula, so that Pillow can compute the same picture.</summary>
internal sealed class FormulaPicture : IPixelSource
{
    private readonly byte[] _pixels;

    /// <summary>NumPy's <c>(x*x*3 + y*11 + c*50 + ((x*y) >> 2)*(c + 1)) &amp; 255</c> for y, x, c; grey has the first channel.</summary>
    public FormulaPicture(int channels, int width = 37, int height = 29)
    {
        (Channels, Width, Height) = (channels, width, height);
        _pixels = new byte[width * height * channels];
        for (int i = 0; i < _pixels.Length; i++)
        {
            int c = i % channels, x = i / channels % width, y = i / channels / width;
            _pixels[i] = (byte)((x * x * 3) + (y * 11) + (c * 50) + (((x * y) >> 2) * (c + 1)));
        }
    }

    public int Width { get; }

    public int Height { get; }

    public int Channels { get; }

    public byte[] Pixels => [.. _pixels];

    public Canvas Canvas()
    {
        var canvas = new Canvas();
        canvas.Begin(this);
        return canvas;
    }

    public PixelView Read(Area area) => new(_pixels, Width * Channels, Channels, new Area(0, 0, Width, Height));

    /// <summary>The first 16 digits of Python's <c>hashlib.sha256(image.tobytes()).hexdigest()</c>.</summary>
    public static string Hash(ReadOnlySpan<byte> pixels) => Convert.ToHexStringLower(SHA256.HashData(pixels))[..16];
}
