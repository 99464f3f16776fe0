namespace ResNet.Imaging;

/// <summary>Pixels in a caller's memory.</summary>
internal sealed class PictureBuffer : IPixelSource
{
    private readonly ReadOnlyMemory<byte> _pixels;

    internal PictureBuffer(ReadOnlyMemory<byte> pixels, int width, int height, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if ((long)width * height > ImageDecoder.MaxPixels || pixels.Length != width * height * channels)
        {
            throw new ArgumentException(
                $"There are {pixels.Length} bytes, but {width} × {height} pixels of {channels} channel(s) have "
                + $"{(long)width * height * channels}, and at most {ImageDecoder.MaxPixels:N0} pixels are accepted.", nameof(pixels));
        }
        (_pixels, Width, Height, Channels) = (pixels, width, height, channels);
    }

    public int Width { get; }

    public int Height { get; }

    public int Channels { get; }

    public PixelView Read(Area area) =>
        new(_pixels.Span[(((area.Top * Width) + area.Left) * Channels)..], Width * Channels, Channels, area);
}
