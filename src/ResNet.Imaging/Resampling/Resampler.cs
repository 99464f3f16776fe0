using System.Runtime.Intrinsics.X86;

namespace ResNet.Imaging.Resampling;

/// <summary>
/// Antialiased resizing of 8-bit images, bilinear or bicubic, to the bit as in Pillow (<c>src/libImaging/Resample.c</c>): lines
/// first and columns second, each rounded to 8 bits; a pass is skipped where the length stays.
/// </summary>
/// <remarks>
/// libvips resizes too, but before 8.19 its enlarged images are shifted by half a pixel against Pillow's, its results change
/// with its version, and a small picture takes twenty times as long. An instance reuses its buffers and filters from image to
/// image and belongs to one thread at a time.
/// </remarks>
/// <param name="kernels">The inner loops; by default the fastest for this processor.</param>
internal sealed unsafe class Resampler(IResamplingKernels? kernels = null)
{
    private readonly IResamplingKernels _kernels = kernels ?? (Avx2.IsSupported ? new Avx2Kernels() : new PortableKernels());
    private readonly ResamplingFilter _columns = new();
    private readonly ResamplingFilter _rows = new();

    // The last few resized lines, a copy of a source line that ends too close to the end of the memory, and pointers to the
    // source lines of a line of the result. All are pinned, so that pointers into them stay valid.
    private byte[] _ring = [];
    private byte[] _edge = [];
    private nint[] _lines = [];

    /// <summary>Computes the part of the crop that affects the window.</summary>
    /// <inheritdoc cref="Resample" path="/param"/>
    /// <inheritdoc cref="Resample" path="/exception"/>
    public static Area Needed(Area crop, int scaledWidth, int scaledHeight, Area window, ImageInterpolation interpolation)
    {
        if (crop.Width < 1 || crop.Height < 1)
            throw new ArgumentOutOfRangeException(nameof(crop), crop, "The crop is empty.");
        if (window.Width < 1 || window.Height < 1 || !new Area(0, 0, scaledWidth, scaledHeight).Contains(window))
        {
            throw new ArgumentOutOfRangeException(
                nameof(window), window, $"The window is no part of {scaledWidth} x {scaledHeight} pixels.");
        }
        var (left, right) = ResamplingFilter.Needed(crop.Width, scaledWidth, window.Left, window.Width, interpolation);
        var (top, bottom) = ResamplingFilter.Needed(crop.Height, scaledHeight, window.Top, window.Height, interpolation);
        return new Area(crop.Left + left, crop.Top + top, right - left, bottom - top);
    }

    /// <summary>Resizes a crop and writes a window of the result.</summary>
    /// <param name="source">At least the part of the image that is <see cref="Needed"/>.</param>
    /// <param name="crop">The part of the image that is resized; pixels outside it have no effect.</param>
    /// <param name="scaledWidth">The width of the resized crop.</param>
    /// <param name="scaledHeight">The height of the resized crop.</param>
    /// <param name="window">The part of the resized crop that is written.</param>
    /// <param name="interpolation">Bilinear or bicubic.</param>
    /// <param name="flip">Whether the window's lines are written mirrored, left to right.</param>
    /// <param name="destination">Interleaved pixels <c>[window.Height, window.Width, channels]</c>.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The crop or the window is empty, the window is not inside the resized crop, or the interpolation is not supported.
    /// </exception>
    /// <exception cref="ArgumentException">The source lacks needed pixels, or the destination has another length.</exception>
    public void Resample(
        PixelView source, Area crop, int scaledWidth, int scaledHeight, Area window,
        ImageInterpolation interpolation, bool flip, Span<byte> destination)
    {
        var needed = Needed(crop, scaledWidth, scaledHeight, window, interpolation);
        var pixels = Pixels(source, needed);
        var channels = source.Channels;
        if (destination.Length != (long)window.Height * window.Width * channels)
        {
            throw new ArgumentException(
                $"The destination has {destination.Length} bytes where {window.Height} x {window.Width} x {channels} are needed.",
                nameof(destination));
        }

        var resizesLines = crop.Width != scaledWidth;
        var resizesColumns = crop.Height != scaledHeight;
        if (resizesLines)
        {
            _columns.Make(crop.Width, scaledWidth, window.Left, window.Width, interpolation, flip);
            _kernels.UseForLines(_columns, channels);
        }
        if (resizesColumns)
        {
            _rows.Make(crop.Height, scaledHeight, window.Top, window.Height, interpolation, mirrored: false);
            _kernels.UseForColumns(_rows);
        }

        fixed (byte* from = pixels, to = destination)
        {
            var image = new Source(from, from + pixels.Length, source.Stride, channels, needed.Width, needed.Height);
            var target = new Target(to, window.Width, window.Height, flip);
            if (resizesColumns)
                ResampleColumns(image, target, resizesLines);
            else
                ResampleLines(image, target, resizesLines);
        }
    }

    private static ReadOnlySpan<byte> Pixels(PixelView source, Area needed)
    {
        if (!source.Area.Contains(needed))
            throw new ArgumentException($"The source has {source.Area} where {needed} is needed.", nameof(source));
        var pixels = source.From(needed.Left, needed.Top);
        if (pixels.Length < ((long)(needed.Height - 1) * source.Stride) + ((long)needed.Width * source.Channels))
            throw new ArgumentException($"The source's memory ends before {needed} does.", nameof(source));
        return pixels;
    }

    private void ResampleLines(Source source, Target target, bool resizes)
    {
        var line = target.Width * source.Channels;
        var resized = Reserve(ref _ring, line + IResamplingKernels.Slack);
        for (var y = 0; y < target.Height; y++)
        {
            var to = target.Pixels + ((long)y * line);
            if (resizes)
                Copy(ResampleLine(source, y, resized), to, line);
            else if (target.Flip)
                Mirroring.Mirror(source.Line(y), to, target.Width, source.Channels);
            else
                Copy(source.Line(y), to, line);
        }
    }

    // Each line is resized when it is first needed, and is still in the cache for the following lines.
    private void ResampleColumns(Source source, Target target, bool resizesLines)
    {
        var length = target.Width * source.Channels;
        var stride = length + IResamplingKernels.Slack;
        var (taps, slots) = (_rows.Taps, _rows.Taps + 1);
        var ring = Reserve(ref _ring, checked(slots * stride));
        var lines = (byte**)Reserve(ref _lines, taps + 1);
        // The filter for lines mirrors too; without it a separate line is mirrored.
        var unmirrored = target.Flip && !resizesLines ? ring + (taps * stride) : null;
        var done = 0;
        for (var y = 0; y < target.Height; y++)
        {
            var first = _rows.First[y];
            for (done = Math.Max(done, first); resizesLines && done < Math.Min(first + taps, source.Height); done++)
                ResampleLine(source, done, ring + (done % taps * stride));
            for (var tap = 0; tap <= taps; tap++)
            {
                var line = Math.Min(first + Math.Min(tap, taps - 1), source.Height - 1);
                lines[tap] = resizesLines ? ring + (line % taps * stride) : source.Line(line);
            }

            var to = target.Pixels + ((long)y * length);
            _kernels.BlendLines(y, lines, unmirrored != null ? unmirrored : to, length);
            if (unmirrored != null)
                Mirroring.Mirror(unmirrored, to, target.Width, source.Channels);
        }
    }

    private byte* ResampleLine(Source source, int y, byte* target)
    {
        var line = source.Line(y);
        if (source.End - line < _kernels.LineReach)
        {
            var edge = Reserve(ref _edge, _kernels.LineReach);
            Copy(line, edge, source.Width * source.Channels);
            line = edge;
        }
        _kernels.ResampleLine(line, target);
        return target;
    }

    private static void Copy(byte* from, byte* to, int length) => new ReadOnlySpan<byte>(from, length).CopyTo(new Span<byte>(to, length));

    private static T* Reserve<T>(ref T[] pinned, int length) where T : unmanaged
    {
        if (pinned.Length < length)
            pinned = GC.AllocateUninitializedArray<T>(length, pinned: true);
        fixed (T* pointer = pinned)
            return pointer;
    }

    /// <summary>The needed part of the source, and the end of its memory.</summary>
    private readonly struct Source(byte* pixels, byte* end, int stride, int channels, int width, int height)
    {
        public byte* End => end;

        public int Channels => channels;

        public int Width => width;

        public int Height => height;

        public byte* Line(int y) => pixels + ((long)y * stride);
    }

    private readonly struct Target(byte* pixels, int width, int height, bool flip)
    {
        public byte* Pixels => pixels;

        public int Width => width;

        public int Height => height;

        public bool Flip => flip;
    }
}
