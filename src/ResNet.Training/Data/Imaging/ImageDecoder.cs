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

    // libvips' VipsFailOn: a damaged or truncated file is an error, odd metadata is not.
    private const int FailOnError = 2;
    private const int SequentialAccess = 1;

    // Large enough for every loader to work in blocks of its own choosing, small enough to stay in the cache.
    private const int StripBytes = 64 * 1024;

    private static ReadOnlySpan<byte> TiffLoader => "tiffload_buffer"u8;

    private static ReadOnlySpan<byte> JpegSignature => [0xFF, 0xD8, 0xFF];

    private static readonly Lock s_retryLock = new();

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
            return SmallPng.TryDecode(file, length, channels) ?? DecodeHere(contents, channels) ?? Decode(path, contents, channels);
        }
        catch (VipsException)
        {
            return DecodeAlone(path, file.AsSpan(0, length), channels);
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

    // libvips has one error buffer for all threads, with remarks about files that could be read among the errors. To
    // tell which line belongs to this file, it is read once more with the buffer empty and no other failure under way.
    private static DecodedImage DecodeAlone(string path, ReadOnlySpan<byte> file, int channels)
    {
        lock (s_retryLock)
        {
            Vips.vips_error_clear();
            try
            {
                return Decode(path, file, channels);
            }
            catch (VipsException failure)
            {
                throw new ImageDecodingException(path, $"the file is damaged or truncated ({Vips.TakeError()})", failure);
            }
        }
    }

    private static unsafe DecodedImage Decode(string path, ReadOnlySpan<byte> file, int channels)
    {
        var loader = Loader(path, file);
        fixed (byte* data = file)
        {
            var operation = new VipsOperation(loader);
            operation.Set("buffer"u8, data, file.Length);
            operation.Set("access"u8, SequentialAccess);
            operation.Set("fail_on"u8, FailOnError);
            using var image = operation.Run();
            var decoded = ReadPixels(path, image, HasGreyAlpha(file), channels);
            // Pillow turns TIFF images, and no others.
            return loader.SequenceEqual(TiffLoader) ? Orientation.Turn(decoded, image.Orientation) : decoded;
        }
    }

    // The colour type of a PNG file.
    private static bool HasGreyAlpha(ReadOnlySpan<byte> file) => file.StartsWith(SmallPng.Signature) && file.Length > 25 && file[25] == 4;

    // What libvips' own search for a loader would find, without asking all of its loaders for every image.
    private static ReadOnlySpan<byte> Loader(string path, ReadOnlySpan<byte> file)
    {
        if (file.StartsWith(JpegSignature))
            return "jpegload_buffer"u8;
        if (file.StartsWith(SmallPng.Signature))
            return "pngload_buffer"u8;
        if (file.StartsWith("RIFF"u8) && file.Length >= 12 && file.Slice(8, 4).SequenceEqual("WEBP"u8))
            return "webpload_buffer"u8;
        if (file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8) || file.StartsWith("II+\0"u8) || file.StartsWith("MM\0+"u8))
            return TiffLoader;
        throw new ImageDecodingException(path, file.IsEmpty ? "the file is empty" : "it is not a JPEG, PNG, WebP, TIFF, BMP, PPM, PGM or PBM image");
    }

    private static DecodedImage ReadPixels(string path, VipsImage image, bool hasGreyAlpha, int channels)
    {
        var (width, height) = (image.Width, image.Height);
        CheckSize(width, height);
        var format = PixelFormat.Of(image, hasGreyAlpha)
            ?? throw new ImageDecodingException(path, "its pixels are not 8-bit or 16-bit grey, RGB or CMYK");

        var decoded = new DecodedImage(width, height, channels);
        try
        {
            using var region = new VipsRegion(image);
            var rows = Math.Clamp(StripBytes / width, 1, height);
            for (var top = 0; top < height; top += rows)
            {
                var count = Math.Min(rows, height - top);
                using var strip = region.Fetch(0, top, width, count);
                format.Convert(strip.Pixels, decoded.Rows(top, count), channels);
            }
            return decoded;
        }
        catch
        {
            decoded.Dispose();
            throw;
        }
    }
}
