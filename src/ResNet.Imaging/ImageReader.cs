using Microsoft.Win32.SafeHandles;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Decoding.Jpeg;

namespace ResNet.Imaging;

/// <summary>Reads one image after another on one thread, and decodes only the requested part where the format allows it.</summary>
/// <remarks>
/// The formats and the pixels are those of <see cref="ImageDecoder"/>. An instance belongs to one thread at a time and reuses
/// its memory from image to image. Size and pixels are those of the image that was opened last.
/// </remarks>
public sealed class ImageReader : IPixelSource, IDisposable
{
    private readonly int _channels;
    private readonly JpegDecoder _jpeg = new();
    private byte[] _file = [];
    private int _length;
    private string _path = "";
    private bool _isOpen;

    // The whole image, where the decoder above cannot read it.
    private DecodedImage? _image;

    /// <summary>Makes a reader without an image.</summary>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="channels"/> is neither 1 nor 3.</exception>
    public ImageReader(int channels)
    {
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "An image is read as 1 channel (grey) or 3 (RGB).");
        _channels = channels;
    }

    /// <summary>
    /// The largest image that is opened, in pixels, 1 to <see cref="ImageDecoder.MaxPixels"/>; a larger one is refused before it is
    /// decoded. Default: <see cref="ImageDecoder.MaxPixels"/>.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public int MaximumPixels { get; init => field = Require.Between(this, value, 1, ImageDecoder.MaxPixels); } = ImageDecoder.MaxPixels;

    /// <summary>The image's width in pixels.</summary>
    /// <exception cref="InvalidOperationException">No image is open.</exception>
    public int Width
    {
        get
        {
            ThrowIfClosed();
            return _image?.Width ?? _jpeg.Width;
        }
    }

    /// <summary>The image's height in pixels.</summary>
    /// <exception cref="InvalidOperationException">No image is open.</exception>
    public int Height
    {
        get
        {
            ThrowIfClosed();
            return _image?.Height ?? _jpeg.Height;
        }
    }

    /// <inheritdoc/>
    public int Channels => _channels;

    /// <summary>Opens an image file and closes the previous image.</summary>
    /// <param name="path">The file; except for GIF, HEIC and AVIF, its name does not matter.</param>
    /// <exception cref="ImageDecodingException">It is missing, unreadable, damaged, truncated or no image.</exception>
    /// <exception cref="DllNotFoundException">The format needs libvips, which is not installed.</exception>
    public void Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Begin(path);
        ReadFile();
        Decode();
    }

    /// <summary>Opens an image from a stream, such as an entry of an archive, and closes the previous image.</summary>
    /// <param name="name">The name of the image in messages; GIF, HEIC and AVIF need their own endings.</param>
    /// <param name="contents">The bytes of an image file, from the stream's position to its end.</param>
    /// <exception cref="ImageDecodingException">They cannot be read, or are damaged, truncated or no image.</exception>
    /// <exception cref="DllNotFoundException">The format needs libvips, which is not installed.</exception>
    public void Open(string name, Stream contents)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(contents);
        Begin(name);
        try
        {
            ReadStream(contents);
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or OverflowException)
        {
            throw new ImageDecodingException(name, Reason(name, failure), failure);
        }
        Decode();
    }

    /// <summary>Opens an image in memory, and closes the previous image.</summary>
    /// <param name="name">The name of the image in messages.</param>
    /// <param name="contents">The bytes of an image file.</param>
    /// <param name="copied">Gets called when the reader has a copy of the bytes, before it decodes it.</param>
    /// <exception cref="ImageDecodingException">It is damaged, truncated or no image.</exception>
    internal void Open(string name, ReadOnlySpan<byte> contents, Action copied)
    {
        Begin(name);
        Memory.Reserve(ref _file, contents.Length);
        contents.CopyTo(_file);
        _length = contents.Length;
        copied();
        Decode();
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">No image is open.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="area"/> is empty or reaches beyond the image.</exception>
    /// <exception cref="ImageDecodingException">
    /// The image is damaged. Of a JPEG file only the requested part is decoded and checked.
    /// </exception>
    public PixelView Read(Area area)
    {
        if (area.Width < 1 || area.Height < 1 || !new Area(0, 0, Width, Height).Contains(area))
        {
            throw new ArgumentOutOfRangeException(
                nameof(area), area, $"The area has to have at least one pixel and to lie in the image of {Width} × {Height}.");
        }
        if (_image is null)
        {
            if (_jpeg.TryRead(area, _channels, out var view)) return view;
            _image = ImageFormats.Decode(_path, _file, _length, _channels, MaximumPixels);
        }
        return ((IPixelSource)_image).Read(area);
    }

    /// <summary>Decodes the whole image, which the caller disposes of.</summary>
    internal DecodedImage ToImage()
    {
        var view = Read(new Area(0, 0, Width, Height));
        if (_image is { } whole)
        {
            (_image, _isOpen) = (null, false);
            return whole;
        }
        var image = new DecodedImage(Width, Height, _channels);
        for (var y = 0; y < Height; y++) view.Row(0, y, Width).CopyTo(image.Rows(y, 1));
        return image;
    }

    /// <summary>Frees the memory of a large image.</summary>
    internal void Trim()
    {
        _jpeg.Trim();
        Memory.Trim(ref _file);
    }

    /// <summary>Closes the image.</summary>
    public void Dispose()
    {
        _isOpen = false;
        _image?.Dispose();
        _image = null;
    }

    private void ThrowIfClosed()
    {
        if (!_isOpen) throw new InvalidOperationException("No image is open: call Open first, and again after it failed.");
    }

    private void Begin(string name)
    {
        Dispose();
        _path = name;
    }

    private void ReadStream(Stream contents)
    {
        Memory.Trim(ref _file);
        for (_length = 0; ;)
        {
            if (_length == _file.Length)
            {
                if (_length == Array.MaxLength) throw new OverflowException();
                int capacity = (int)Math.Min(Array.MaxLength, Math.Max(1 << 16, 2L * _length));
                byte[] longer = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
                _file.CopyTo(longer, 0);
                _file = longer;
            }
            int read = contents.Read(_file, _length, _file.Length - _length);
            if (read == 0) return;
            _length += read;
        }
    }

    private void Decode()
    {
        bool isJpeg = _jpeg.TryOpen(_file.AsSpan(0, _length), MaximumPixels);
        if (!isJpeg && _jpeg.BreaksOff())
            throw new ImageDecodingException(_path, "the file is damaged (its data break off before the image is whole)");
        if (!isJpeg) _image = ImageFormats.Decode(_path, _file, _length, _channels, MaximumPixels);
        _isOpen = true;
    }

    private void ReadFile()
    {
        if (_path.Length == 0) throw new ImageDecodingException(_path, "its path is empty; name a file");
        try
        {
            // Sharing everything avoids a lock on the file, which would be two system calls.
            using var handle = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            _length = checked((int)RandomAccess.GetLength(handle));
            Memory.Reserve(ref _file, _length);
            Fill(handle, _file.AsSpan(0, _length));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or OverflowException or ArgumentException)
        {
            throw new ImageDecodingException(_path, Reason(_path, failure), failure);
        }
    }

    private static void Fill(SafeFileHandle handle, Span<byte> buffer)
    {
        var filled = 0;
        while (filled < buffer.Length)
        {
            var read = RandomAccess.Read(handle, buffer[filled..], filled);
            if (read == 0)
                throw new EndOfStreamException("it became shorter while it was read");
            filled += read;
        }
    }

    private static string Reason(string path, Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        UnauthorizedAccessException when Directory.Exists(path) => "it is a folder",
        UnauthorizedAccessException => "access is denied",
        OverflowException => "the file is larger than 2 GiB",
        _ => failure.Message.TrimEnd('.'),
    };
}
