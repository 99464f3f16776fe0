namespace ResNet.Imaging;

/// <summary>The pixels of a rectangle of an image, in memory.</summary>
public readonly ref struct PixelView
{
    private readonly ReadOnlySpan<byte> _pixels;

    /// <summary>Makes a view of pixels.</summary>
    /// <param name="pixels">
    /// Rows of interleaved channels, 8 bits each; the first byte belongs to the upper left pixel of <paramref name="area"/>.
    /// </param>
    /// <param name="stride">Bytes from one row to the next.</param>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    /// <param name="area">The rectangle of the image.</param>
    /// <exception cref="ArgumentException">The rectangle is empty, or the memory is too short for it.</exception>
    public PixelView(ReadOnlySpan<byte> pixels, int stride, int channels, Area area)
    {
        if (channels is not (1 or 3))
            throw new ArgumentException($"The pixels have {channels} channels, but have to have 1 (grey) or 3 (RGB).", nameof(channels));
        if (area.Width < 1 || area.Height < 1)
            throw new ArgumentException($"The area has {area.Width} × {area.Height} pixels, but has to have at least one.", nameof(area));
        long row = (long)area.Width * channels, needed = ((area.Height - 1L) * stride) + row;
        if (stride < row)
        {
            throw new ArgumentException(
                $"Rows are {stride} bytes apart, but {area.Width} pixels of {channels} channel(s) need {row}.", nameof(stride));
        }
        if (pixels.Length < needed)
        {
            throw new ArgumentException(
                $"There are {pixels.Length} bytes where {area.Width} × {area.Height} pixels need {needed}.", nameof(pixels));
        }
        _pixels = pixels;
        (Stride, Channels, Area) = (stride, channels, area);
    }

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride { get; }

    /// <summary>1 for grey, 3 for RGB.</summary>
    public int Channels { get; }

    /// <summary>The rectangle of the image.</summary>
    public Area Area { get; }

    /// <summary>Gets a part of one row.</summary>
    /// <param name="left">The first column, in the image's coordinates.</param>
    /// <param name="y">The row, in the image's coordinates.</param>
    /// <param name="width">The number of columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie in <see cref="Area"/>.</exception>
    public ReadOnlySpan<byte> Row(int left, int y, int width) => Area.Contains(new Area(left, y, width, 1))
        ? _pixels.Slice(((y - Area.Top) * Stride) + ((left - Area.Left) * Channels), width * Channels)
        : throw new ArgumentOutOfRangeException(nameof(width), $"{width} pixels from ({left}, {y}) on do not lie in {Area}.");

    /// <summary>Gets the memory from a pixel, in the image's coordinates, to the end.</summary>
    internal ReadOnlySpan<byte> From(int left, int y) => _pixels[(((y - Area.Top) * Stride) + ((left - Area.Left) * Channels))..];
}
