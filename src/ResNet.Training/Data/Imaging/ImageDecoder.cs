namespace ResNet.Training.Data.Imaging;

/// <summary>Reads image files into memory as 8-bit grey or RGB: JPEG, PNG, WebP and TIFF through libvips, BMP, PPM, PGM and PBM without.</summary>
/// <remarks>
/// The pixels are those that Pillow's <c>Image.open(path).convert("L" or "RGB")</c> gives, and so torchvision's
/// <c>ImageFolder</c>: colour to grey by the ITU-R 601-2 luma, alpha dropped, the Exif orientation (but not that of a TIFF
/// image) and colour profiles ignored, the first picture of several. 16-bit colours keep their upper 8 bits; 16-bit grey
/// above 255 becomes 255. Safe to call from many threads.
/// </remarks>
public static class ImageDecoder
{
    /// <summary>The largest image that is read, in pixels: Pillow's limit against decompression bombs, 178,956,970.</summary>
    public const int MaxPixels = 2 * (1024 * 1024 * 1024 / 4 / 3);

    // Their memory is used for image after image.
    [ThreadStatic]
    private static ImageReader? s_greyReader;

    [ThreadStatic]
    private static ImageReader? s_colourReader;

    /// <summary>Reads an image file.</summary>
    /// <param name="path">The image file; its content decides what it is, not its name.</param>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    /// <returns>The whole image, to be disposed of.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="channels"/> is neither 1 nor 3.</exception>
    /// <exception cref="ImageDecodingException">The file is missing, unreadable, damaged, truncated or no image.</exception>
    /// <exception cref="DllNotFoundException">libvips is not installed.</exception>
    public static DecodedImage Open(string path, int channels)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "An image is read as 1 channel (grey) or 3 (RGB).");

        var reader = channels == 1 ? s_greyReader ??= new ImageReader(1) : s_colourReader ??= new ImageReader(3);
        try
        {
            reader.Open(path);
            return reader.ToImage();
        }
        finally
        {
            reader.Trim();
        }
    }

    /// <summary>Decodes the first <paramref name="length"/> bytes of a file's contents.</summary>
    /// <exception cref="ImageDecodingException">They are damaged, truncated or no image.</exception>
    internal static DecodedImage Decode(string path, byte[] file, int length, int channels)
    {
        try
        {
            var contents = file.AsSpan(0, length);
            return SmallPng.TryDecode(file, length, channels) ?? DecodeHere(contents, channels) ?? VipsDecoder.Decode(path, contents, channels);
        }
        catch (InvalidDataException failure)
        {
            throw new ImageDecodingException(path, $"the file is damaged or truncated ({failure.Message})", failure);
        }
        catch (NotSupportedException failure)
        {
            throw new ImageDecodingException(path, failure.Message, failure);
        }
    }

    /// <summary>Refuses an image that is empty or larger than <see cref="MaxPixels"/>.</summary>
    /// <exception cref="InvalidDataException">The image has no pixels.</exception>
    /// <exception cref="NotSupportedException">The image has too many pixels.</exception>
    internal static void CheckSize(int width, int height)
    {
        if (width < 1 || height < 1)
            throw new InvalidDataException($"it has {width} x {height} pixels");
        if ((long)width * height > MaxPixels)
            throw new NotSupportedException($"it has {width} x {height} pixels and {MaxPixels:N0} are the most that is read");
    }

    // The formats that libvips has only loaders for that it holds for unsafe.
    private static DecodedImage? DecodeHere(ReadOnlySpan<byte> file, int channels) =>
        BmpDecoder.Accepts(file) ? BmpDecoder.Decode(file, channels) : PnmDecoder.Accepts(file) ? PnmDecoder.Decode(file, channels) : null;
}
