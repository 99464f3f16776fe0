using Microsoft.Win32.SafeHandles;
using ResNet.Training.Data.Imaging.Jpeg;

namespace ResNet.Training.Data.Imaging;

/// <summary>Reads one image file after another on one thread, and of each no more than is asked for where its format allows.</summary>
/// <param name="channels">1 for grey, 3 for RGB.</param>
internal sealed class ImageReader(int channels) : IPixelSource, IDisposable
{
    private readonly JpegDecoder _jpeg = new();
    private byte[] _file = [];
    private int _length;
    private string _path = "";

    // The whole image, where it does not come from the decoder above.
    private DecodedImage? _image;

    public int Width => _image?.Width ?? _jpeg.Width;

    public int Height => _image?.Height ?? _jpeg.Height;

    public int Channels => channels;

    /// <summary>Opens a file and closes the one before.</summary>
    /// <exception cref="ImageDecodingException">It is missing, unreadable, damaged, truncated or no image.</exception>
    public void Open(string path)
    {
        Dispose();
        _path = path;
        ReadFile();
        if (_jpeg.TryOpen(_file.AsSpan(0, _length))) return;
        if (_jpeg.BreaksOff()) throw new ImageDecodingException(_path, "the file is damaged (its data break off before the image is whole)");
        _image = ImageDecoder.Decode(_path, _file, _length, channels);
    }

    public PixelView Read(Area area)
    {
        if (_image is null)
        {
            if (_jpeg.TryRead(area, channels, out var view)) return view;
            _image = ImageDecoder.Decode(_path, _file, _length, channels);
        }
        return ((IPixelSource)_image).Read(area);
    }

    /// <summary>The whole image, which the caller disposes of.</summary>
    public DecodedImage ToImage()
    {
        var view = Read(new Area(0, 0, Width, Height));
        if (_image is { } whole)
        {
            _image = null;
            return whole;
        }
        var image = new DecodedImage(Width, Height, channels);
        for (var y = 0; y < Height; y++) view.Row(0, y, Width).CopyTo(image.Rows(y, 1));
        return image;
    }

    /// <summary>Gives back the memory that a large image needed.</summary>
    public void Trim()
    {
        _jpeg.Trim();
        Memory.Trim(ref _file);
    }

    public void Dispose()
    {
        _image?.Dispose();
        _image = null;
    }

    private void ReadFile()
    {
        if (_path.Length == 0) throw new ImageDecodingException(_path, "its path is empty; name a file");
        try
        {
            // Sharing everything spares a lock on the file, and so two system calls.
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
