namespace ResNet.Training.Data.Imaging;

/// <summary>Pixels of an image that lie somewhere in memory: all of them, or those of a rectangle that was asked for.</summary>
/// <param name="pixels">Rows of interleaved channels; the first byte belongs to the upper left pixel of <paramref name="area"/>.</param>
/// <param name="stride">Bytes from one row to the next.</param>
/// <param name="channels">1 for grey, 3 for RGB.</param>
/// <param name="area">The part of the image that is there.</param>
internal readonly ref struct PixelView(ReadOnlySpan<byte> pixels, int stride, int channels, Area area)
{
    private readonly ReadOnlySpan<byte> _pixels = pixels;

    public int Stride => stride;

    public int Channels => channels;

    public Area Area => area;

    /// <summary>A part of one row, in the image's own coordinates.</summary>
    public ReadOnlySpan<byte> Row(int left, int y, int width) =>
        _pixels.Slice(((y - area.Top) * stride) + ((left - area.Left) * channels), width * channels);

    /// <summary>Everything from a pixel, in the image's own coordinates, to the end of the memory.</summary>
    public ReadOnlySpan<byte> From(int left, int y) => _pixels[(((y - area.Top) * stride) + ((left - area.Left) * channels))..];
}
