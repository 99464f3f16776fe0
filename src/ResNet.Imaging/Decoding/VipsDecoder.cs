using NetVips;

namespace ResNet.Imaging.Decoding;

/// <summary>Decodes JPEG, PNG, WebP and TIFF files with libvips.</summary>
internal static class VipsDecoder
{
    private const string TiffLoader = "tiffload_source";

    // Large enough for the blocks of every loader, small enough for the first-level cache.
    private const int StripBytes = 32 * 1024;

    // Decoding threads share the lock; finding the reason of a failure takes it exclusively.
    private static readonly ReaderWriterLockSlim s_errorBufferLock = new();

    private static ReadOnlySpan<byte> JpegSignature => [0xFF, 0xD8, 0xFF];

    /// <summary>Decodes a file's contents.</summary>
    /// <exception cref="ImageDecodingException">The file is damaged, truncated or of an unknown format.</exception>
    /// <exception cref="NotSupportedException">The image is too large, or this build of libvips cannot read its format.</exception>
    /// <exception cref="DllNotFoundException">libvips is missing or too old.</exception>
    internal static DecodedImage Decode(string path, ReadOnlySpan<byte> file, int channels)
    {
        var loader = FindLoader(path, file);
        VipsLibrary.EnsureInitialised();
        s_errorBufferLock.EnterReadLock();
        try
        {
            return Decode(path, loader, file, channels);
        }
        catch (VipsException)
        {
            // The reason is found below, after the lock is released.
        }
        finally
        {
            s_errorBufferLock.ExitReadLock();
        }
        return DecodeAlone(path, loader, file, channels);
    }

    // libvips has one error buffer for all threads, which also holds warnings about readable files. To find this file's error,
    // the file is decoded again with an empty buffer while no other file is decoded.
    private static DecodedImage DecodeAlone(string path, string loader, ReadOnlySpan<byte> file, int channels)
    {
        if (NetVips.NetVips.TypeFind("VipsOperation", loader) == 0)
            throw new NotSupportedException($"this build of libvips has no {loader}");
        s_errorBufferLock.EnterWriteLock();
        try
        {
            // The constructor empties the buffer.
            _ = new VipsException("");
            return Decode(path, loader, file, channels);
        }
        catch (VipsException failure)
        {
            throw new ImageDecodingException(path, $"the file is damaged or truncated ({Reason(failure)})", failure);
        }
        finally
        {
            s_errorBufferLock.ExitWriteLock();
        }
    }

    private static DecodedImage Decode(string path, string loader, ReadOnlySpan<byte> file, int channels)
    {
        // The source owns a copy of the file, and libvips keeps the source as long as it needs it.
        using var source = Source.NewFromMemory(file);
        // A damaged or truncated file is an error, odd metadata is not.
        var options = new VOption { { "access", Enums.Access.Sequential }, { "fail_on", Enums.FailOn.Error } };
        using var image = (Image)Operation.Call(loader, options, source);
        var decoded = ReadPixels(path, image, HasGreyAlpha(file), channels);
        // Pillow rotates TIFF images only.
        return loader == TiffLoader && image.Contains("orientation")
            ? Orientation.Turn(decoded, (int)image.Get("orientation"))
            : decoded;
    }

    // Finds the same loader as libvips, without trying all of its loaders for every image.
    private static string FindLoader(string path, ReadOnlySpan<byte> file)
    {
        if (file.StartsWith(JpegSignature))
            return "jpegload_source";
        if (file.StartsWith(SmallPng.Signature))
            return "pngload_source";
        if (file.StartsWith("RIFF"u8) && file.Length >= 12 && file.Slice(8, 4).SequenceEqual("WEBP"u8))
            return "webpload_source";
        if (file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8) || file.StartsWith("II+\0"u8) || file.StartsWith("MM\0+"u8))
            return TiffLoader;
        throw new ImageDecodingException(
            path, file.IsEmpty ? "the file is empty" : "it is not a JPEG, PNG, WebP, TIFF, BMP, PPM, PGM or PBM image");
    }

    // Byte 25 of a PNG file is its colour type.
    private static bool HasGreyAlpha(ReadOnlySpan<byte> file) =>
        file.StartsWith(SmallPng.Signature) && file.Length > 25 && file[25] == 4;

    private static DecodedImage ReadPixels(string path, Image image, bool hasGreyAlpha, int channels)
    {
        var (width, height) = (image.Width, image.Height);
        ImageFormats.CheckSize(width, height);
        var format = PixelFormat.Of(image, hasGreyAlpha)
            ?? throw new ImageDecodingException(path, "its pixels are not 8-bit or 16-bit grey, RGB or CMYK");
        var rowBytes = (long)width * format.BytesPerPixel;
        if (rowBytes > Array.MaxLength)
            throw new NotSupportedException($"a row of it has {rowBytes:N0} bytes and {Array.MaxLength:N0} are the most that is read");

        var decoded = new DecodedImage(width, height, channels);
        try
        {
            // A region computes pixels on the calling thread. Writing the image to memory, the usual way, would start a thread,
            // which costs more than decoding a small picture.
            using var region = Region.New(image);
            var rows = (int)Math.Clamp(StripBytes / rowBytes, 1, height);
            for (var top = 0; top < height; top += rows)
            {
                var count = Math.Min(rows, height - top);
                using var strip = new RegionStrip(region, 0, top, width, count);
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

    // NetVips puts a line of its own before libvips' error buffer, whose lines begin with "pngload_source: " or the like.
    private static string Reason(VipsException failure)
    {
        var line = failure.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Skip(1).FirstOrDefault("libvips does not say where");
        var domainEnd = line.IndexOf(": ", StringComparison.Ordinal);
        return domainEnd > 0 && !line.AsSpan(0, domainEnd).Contains(' ') ? line[(domainEnd + 2)..] : line;
    }
}
