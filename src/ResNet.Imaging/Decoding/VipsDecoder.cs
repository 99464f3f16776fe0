using NetVips;
using ResNet.Imaging.Decoding.Tiff;

namespace ResNet.Imaging.Decoding;

/// <summary>Decodes JPEG, PNG, WebP, TIFF, HEIC and AVIF files with libvips.</summary>
internal static class VipsDecoder
{
    private const string TiffLoader = "tiffload_source";
    private const string HeifLoader = "heifload_source";

    // Large enough for the blocks of every loader, small enough for the first-level cache.
    private const int StripBytes = 32 * 1024;

    // Decoding threads share the lock; finding the reason of a failure takes it exclusively.
    private static readonly ReaderWriterLockSlim s_errorBufferLock = new();

    // Encoders write about ten. Each scan takes time for the whole image, however few bytes it has.
    private const int MostScans = 100;

    private static ReadOnlySpan<byte> JpegSignature => [0xFF, 0xD8, 0xFF];

    private static ReadOnlySpan<byte> StartOfScan => [0xFF, 0xDA];

    /// <summary>Decodes a file's contents.</summary>
    /// <exception cref="ImageDecodingException">The file is damaged, truncated or of an unknown format.</exception>
    /// <exception cref="NotSupportedException">The image is too large, or this build of libvips cannot read its format.</exception>
    /// <exception cref="DllNotFoundException">libvips is missing or too old.</exception>
    internal static DecodedImage Decode(string path, ReadOnlySpan<byte> file, int channels, int maximumPixels)
    {
        var loader = FindLoader(file);
        VipsLibrary.EnsureInitialised();
        s_errorBufferLock.EnterReadLock();
        try
        {
            return Decode(path, loader, file, channels, maximumPixels);
        }
        catch (VipsException)
        {
            // The reason is found below, after the lock is released.
        }
        finally
        {
            s_errorBufferLock.ExitReadLock();
        }
        return DecodeAlone(path, loader, file, channels, maximumPixels);
    }

    // libvips has one error buffer for all threads, which also holds warnings about readable files. To find this file's error,
    // the file is decoded again with an empty buffer while no other file is decoded.
    private static DecodedImage DecodeAlone(string path, string loader, ReadOnlySpan<byte> file, int channels, int maximumPixels)
    {
        if (NetVips.NetVips.TypeFind("VipsOperation", loader) == 0)
        {
            throw new NotSupportedException(
                loader == HeifLoader ? WithoutDecoder(file) : $"this build of libvips has no {loader}");
        }
        s_errorBufferLock.EnterWriteLock();
        try
        {
            // The constructor empties the buffer.
            _ = new VipsException("");
            return Decode(path, loader, file, channels, maximumPixels);
        }
        catch (VipsException failure)
        {
            throw new ImageDecodingException(
                path, Unread(loader, file, failure.Message) ?? $"the file is damaged or truncated ({Reason(failure)})", failure);
        }
        finally
        {
            s_errorBufferLock.ExitWriteLock();
        }
    }

    private static DecodedImage Decode(string path, string loader, ReadOnlySpan<byte> file, int channels, int maximumPixels)
    {
        if (loader == TiffLoader) return DecodeTiff(path, file, channels, maximumPixels);
        using var image = Load(loader, file);
        return ReadPixels(path, image, HasGreyAlpha(file), channels, maximumPixels);
    }

    private static DecodedImage DecodeTiff(string path, ReadOnlySpan<byte> file, int channels, int maximumPixels)
    {
        var layout = TiffLayout.TryRead(file) ?? throw new InvalidDataException("its directory is damaged");
        if (layout.FindUnread(file) is { } unread) throw new NotSupportedException(UnreadTiff(unread));
        if (layout.IsTiled) ImageFormats.CheckSize(layout.Width, layout.Height, maximumPixels);
        layout.CheckJpegEnds(file);
        using var image = Load(TiffLoader, layout.Rewrite(file, maximumPixels) ?? file);
        var decoded = layout.IsTiled
            ? ReadTiles(path, image, layout, channels)
            : ReadPixels(path, image, hasGreyAlpha: false, channels, maximumPixels, layout.AssociatedAlpha);
        // Pillow rotates TIFF images only.
        return image.Contains("orientation") ? Orientation.Turn(decoded, (int)image.Get("orientation")) : decoded;
    }

    private static Image Load(string loader, ReadOnlySpan<byte> file)
    {
        // The source owns a copy of the file, and libvips keeps the source as long as it needs it.
        using var source = Source.NewFromMemory(file);
        // A damaged or truncated file is an error, odd metadata is not.
        var options = new VOption { { "access", Enums.Access.Sequential }, { "fail_on", Enums.FailOn.Error } };
        return (Image)Operation.Call(loader, options, source);
    }

    // Finds the same loader as libvips, without trying all of its loaders for every image.
    private static string FindLoader(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith(JpegSignature))
        {
            return file.Count(StartOfScan) <= MostScans
                ? "jpegload_source"
                : throw new NotSupportedException($"it is a JPEG with more than {MostScans} scans");
        }
        if (file.StartsWith(SmallPng.Signature))
            return "pngload_source";
        if (file.StartsWith("RIFF"u8) && file.Length >= 12 && file.Slice(8, 4).SequenceEqual("WEBP"u8))
            return "webpload_source";
        if (file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8) || file.StartsWith("II+\0"u8) || file.StartsWith("MM\0+"u8))
            return TiffLoader;
        if (FileKinds.Find(file) is FileKind.Heic or FileKind.Avif)
            return HeifLoader;
        throw new NotSupportedException(FileKinds.WhyUnread(file));
    }

    // The reason if the file is sound, but of a kind that this build of libvips does not read.
    private static string? Unread(string loader, ReadOnlySpan<byte> file, string messages)
    {
        bool Says(params string[] words) => words.Any(word => messages.Contains(word, StringComparison.Ordinal));

        // The words of libheif for a codec that was left out when it was built.
        if (loader == HeifLoader) return Says("not been built in", "No decoding plugin", "Unsupported codec") ? WithoutDecoder(file) : null;
        if (loader != TiffLoader) return null;
        // Those of libtiff and libvips, also for compressions that they do not know.
        if (Says("not configured", "is not implemented", "built without"))
            return UnreadTiff($"this build of libvips does not decode its compression, {TiffLayout.TryRead(file)?.CompressionName}");
        return Says("unsupported tiff image type") ? UnreadTiff("libvips does not know the arrangement of its samples") : null;
    }

    private static string UnreadTiff(string unread) => $"it is a TIFF image of a kind that is not read: {unread}";

    private static string WithoutDecoder(ReadOnlySpan<byte> file)
    {
        var name = FileKinds.Find(file) == FileKind.Avif ? "AVIF" : "HEIC";
        return $"it is {FileKinds.Name(FileKinds.Find(file))}, and this libvips has no {name} decoder; convert it to JPEG or PNG";
    }

    // Byte 25 of a PNG file is its colour type.
    private static bool HasGreyAlpha(ReadOnlySpan<byte> file) =>
        file.StartsWith(SmallPng.Signature) && file.Length > 25 && file[25] == 4;

    private static DecodedImage ReadPixels(
        string path, Image image, bool hasGreyAlpha, int channels, int maximumPixels, int associatedAlpha = -1)
    {
        var (width, height) = (image.Width, image.Height);
        ImageFormats.CheckSize(width, height, maximumPixels);
        var format = FindFormat(path, image, hasGreyAlpha, associatedAlpha);
        var decoded = new DecodedImage(width, height, channels);
        try
        {
            // A region computes pixels on the calling thread. Writing the image to memory, the usual way, would start a thread,
            // which costs more than decoding a small picture.
            using var region = Region.New(image);
            var rows = RowsPerRead(format, width, height);
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

    // The tiles are below each other in the image of libvips.
    private static DecodedImage ReadTiles(string path, Image image, TiffLayout layout, int channels)
    {
        var format = FindFormat(path, image, hasGreyAlpha: false, layout.AssociatedAlpha);
        var rows = RowsPerRead(format, layout.TileWidth, layout.TileHeight);
        var converted = new byte[checked(rows * layout.TileWidth * channels)];
        var decoded = new DecodedImage(layout.Width, layout.Height, channels);
        try
        {
            using var region = Region.New(image);
            for (var tile = 0; tile < layout.TilesAcross * layout.TilesDown; tile++)
            {
                var (down, across) = Math.DivRem(tile, layout.TilesAcross);
                var (left, top) = (across * layout.TileWidth, down * layout.TileHeight);
                var (width, height) = (Math.Min(layout.TileWidth, layout.Width - left), Math.Min(layout.TileHeight, layout.Height - top));
                for (var y = 0; y < height; y += rows)
                {
                    var count = Math.Min(rows, height - y);
                    using var strip = new RegionStrip(region, 0, (tile * layout.TileHeight) + y, layout.TileWidth, count);
                    format.Convert(strip.Pixels, converted.AsSpan(0, count * layout.TileWidth * channels), channels);
                    for (var row = 0; row < count; row++)
                    {
                        converted.AsSpan(row * layout.TileWidth * channels, width * channels)
                            .CopyTo(decoded.Rows(top + y + row, 1)[(left * channels)..]);
                    }
                }
            }
            return decoded;
        }
        catch
        {
            decoded.Dispose();
            throw;
        }
    }

    private static PixelFormat FindFormat(string path, Image image, bool hasGreyAlpha, int associatedAlpha) =>
        PixelFormat.Of(image, hasGreyAlpha, associatedAlpha)
            ?? throw new ImageDecodingException(path, "its pixels are not 8-bit or 16-bit grey, RGB or CMYK");

    private static int RowsPerRead(PixelFormat format, int width, int height)
    {
        var rowBytes = (long)width * format.BytesPerPixel;
        if (rowBytes > Array.MaxLength)
            throw new NotSupportedException($"a row of it has {rowBytes:N0} bytes and {Array.MaxLength:N0} are the most that is read");
        return (int)Math.Clamp(StripBytes / rowBytes, 1, height);
    }

    // NetVips puts a line of its own before libvips' error buffer, whose lines begin with "pngload_source: " or the like.
    // libheif looks for the file's end, which fails, before it reads the file.
    private static string Reason(VipsException failure)
    {
        var lines = failure.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Skip(1).ToArray();
        var line = lines.FirstOrDefault(line => line.StartsWith("heif: ", StringComparison.Ordinal))
            ?? lines.FirstOrDefault("libvips does not say where");
        var domainEnd = line.IndexOf(": ", StringComparison.Ordinal);
        return domainEnd > 0 && !line.AsSpan(0, domainEnd).Contains(' ') ? line[(domainEnd + 2)..] : line;
    }
}
