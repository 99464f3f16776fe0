using ResNet.Imaging.Resampling;

namespace ResNet.Imaging.Rendering;

/// <summary>
/// An image that transforms change. Geometric steps are deferred until pixels are needed, so that a crop, a resize, another
/// crop and a mirror are one pass, which fetches only the needed part of the image.
/// </summary>
/// <remarks>An instance belongs to one thread and reuses its memory from image to image.</remarks>
internal sealed class Canvas
{
    private readonly Resampler _resampler = new();
    private readonly List<Erasure> _erasures = [];

    // The source of the pixels; null for the buffer, which then holds all of _content.
    private IPixelSource? _source;
    private byte[] _buffer = [];
    private byte[] _spare = [];
    private Area _content;

    // The content is cropped, then scaled, then cropped to the window, then mirrored.
    private Area _crop;
    private int _scaledWidth;
    private int _scaledHeight;
    private ImageInterpolation _interpolation;
    private Area _window;
    private bool _flipped;

    public int Width => _window.Width;

    public int Height => _window.Height;

    /// <summary>1 for grey, 3 for RGB.</summary>
    public int Channels { get; private set; }

    /// <summary>The part of the original image that is visible.</summary>
    public SourceArea Seen { get; private set; }

    /// <summary>The rectangles to erase once the image is a tensor.</summary>
    public List<Erasure> Erasures => _erasures;

    private bool IsScaled => _scaledWidth != _crop.Width || _scaledHeight != _crop.Height;

    private bool IsPending => _source is not null || _flipped || IsScaled || _crop != _content;

    public void Begin(IPixelSource source)
    {
        Channels = source.Channels;
        _erasures.Clear();
        Seen = new SourceArea(0, 0, source.Width, source.Height);
        Become(source, source.Width, source.Height);
    }

    /// <summary>Keeps a part of the image.</summary>
    public void Crop(Area part)
    {
        if (!new Area(0, 0, Width, Height).Contains(part))
            throw new ArgumentOutOfRangeException(nameof(part), part, $"The image is {Width} × {Height}.");
        Seen = Seen.Part(part, Width, Height);
        var left = _flipped ? Width - part.Right : part.Left;
        _window = new Area(_window.Left + left, _window.Top + part.Top, part.Width, part.Height);
        if (IsScaled) return;
        _crop = _window with { Left = _crop.Left + _window.Left, Top = _crop.Top + _window.Top };
        (_scaledWidth, _scaledHeight, _window) = (_crop.Width, _crop.Height, new Area(0, 0, _crop.Width, _crop.Height));
    }

    /// <summary>Keeps a part of the image that may reach beyond it.</summary>
    public void Crop(Area part, PaddingMode padding, byte fill)
    {
        var whole = new Area(0, 0, Width, Height);
        if (whole.Contains(part))
        {
            Crop(part);
            return;
        }
        Seen = Seen.Part(part, Width, Height);
        var pixels = Pixels();
        var stride = part.Width * Channels;
        var padded = Spare(part.Width, part.Height);
        for (var y = 0; y < part.Height; y++)
            Pad(pixels, padded.Slice(y * stride, stride), part, y, padding, fill);
        TakeSpare(part.Width, part.Height);
    }

    public void Resize(int width, int height, ImageInterpolation interpolation)
    {
        if (width == Width && height == Height) return;
        if ((long)width * height > ImageDecoder.MaxPixels)
        {
            throw new TransformException(
                $"resizing makes it {width} x {height} pixels, and {ImageDecoder.MaxPixels:N0} are the most; it is too long for its width");
        }
        // A second resize is another pass, because each rounds its results.
        if (IsScaled || _flipped) Materialise();
        (_scaledWidth, _scaledHeight, _interpolation) = (width, height, interpolation);
        _window = new Area(0, 0, width, height);
    }

    public void FlipHorizontally() => _flipped = !_flipped;

    /// <summary>Computes the pixels <c>[Height, Width, Channels]</c>, which the caller may change.</summary>
    public Span<byte> Pixels()
    {
        Materialise();
        return _buffer.AsSpan(0, Width * Height * Channels);
    }

    /// <summary>Gets memory, with undefined contents, for an image computed from <see cref="Pixels"/>.</summary>
    public Span<byte> Spare(int width, int height)
    {
        var length = checked(width * height * Channels);
        if (_spare.Length < length) _spare = GC.AllocateUninitializedArray<byte>(length);
        return _spare.AsSpan(0, length);
    }

    /// <summary>Replaces the image by the contents of <see cref="Spare"/>.</summary>
    public void TakeSpare(int width, int height)
    {
        (_buffer, _spare) = (_spare, _buffer);
        Become(null, width, height);
    }

    /// <summary>Writes the image <c>[Height, Width, Channels]</c>.</summary>
    public void WriteTo(Span<byte> destination)
    {
        if (IsPending) Render(destination);
        else _buffer.AsSpan(0, destination.Length).CopyTo(destination);
    }

    private void Become(IPixelSource? source, int width, int height)
    {
        _source = source;
        _content = _crop = _window = new Area(0, 0, width, height);
        (_scaledWidth, _scaledHeight, _flipped) = (width, height, false);
    }

    private void Materialise()
    {
        if (!IsPending) return;
        Render(Spare(Width, Height));
        TakeSpare(Width, Height);
    }

    private void Render(Span<byte> destination)
    {
        var needed = Resampler.Needed(_crop, _scaledWidth, _scaledHeight, _window, _interpolation);
        var view = _source is null ? new PixelView(_buffer, _content.Width * Channels, Channels, _content) : Read(_source, needed);
        _resampler.Resample(view, _crop, _scaledWidth, _scaledHeight, _window, _interpolation, _flipped, destination);
    }

    private PixelView Read(IPixelSource source, Area needed)
    {
        var view = source.Read(needed);
        if (view.Channels != Channels || !view.Area.Contains(needed))
        {
            throw new InvalidOperationException(
                $"{source.GetType()}.Read gave {view.Area} with {view.Channels} channel(s) where {needed} with {Channels} was asked for.");
        }
        return view;
    }

    private void Pad(ReadOnlySpan<byte> pixels, Span<byte> line, Area part, int y, PaddingMode padding, byte fill)
    {
        var row = padding.Map(part.Top + y, Height);
        if (row < 0)
        {
            line.Fill(fill);
            return;
        }
        var source = pixels.Slice(row * Width * Channels, Width * Channels);
        for (var x = 0; x < part.Width; x++)
        {
            var column = padding.Map(part.Left + x, Width);
            var pixel = line.Slice(x * Channels, Channels);
            if (column < 0) pixel.Fill(fill);
            else source.Slice(column * Channels, Channels).CopyTo(pixel);
        }
    }
}
