using System.Globalization;

namespace ResNet.Imaging.Decoding;

/// <summary>Decodes whole files of any format.</summary>
internal static class ImageFormats
{
    /// <summary>Decodes the first <paramref name="length"/> bytes of a file's contents.</summary>
    /// <param name="path">The file's name in messages.</param>
    /// <param name="file">The contents.</param>
    /// <param name="length">Their length in bytes.</param>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    /// <param name="maximumPixels">The most pixels that are decoded.</param>
    /// <exception cref="ImageDecodingException">They are damaged, truncated or no image.</exception>
    internal static DecodedImage Decode(
        string path, byte[] file, int length, int channels, int maximumPixels = ImageDecoder.MaxPixels)
    {
        try
        {
            var contents = file.AsSpan(0, length);
            FileKinds.CheckName(path, FileKinds.Find(contents));
            return DecodeSmall(file, length, channels, maximumPixels)
                ?? DecodeHere(contents, channels, maximumPixels)
                ?? VipsDecoder.Decode(path, contents, channels, maximumPixels);
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

    /// <summary>Throws for an image that is empty or too large.</summary>
    /// <exception cref="InvalidDataException">The image has no pixels.</exception>
    /// <exception cref="NotSupportedException">The image has too many pixels.</exception>
    internal static void CheckSize(int width, int height, int maximumPixels)
    {
        if (width < 1 || height < 1)
            throw new InvalidDataException($"it has {width} x {height} pixels");
        if ((long)width * height > maximumPixels)
        {
            throw new NotSupportedException(string.Create(
                CultureInfo.InvariantCulture,
                $"it has {width} x {height} pixels and {maximumPixels:N0} are the most that is read"));
        }
    }

    private static DecodedImage? DecodeSmall(byte[] file, int length, int channels, int maximumPixels)
    {
        var image = SmallPng.TryDecode(file, length, channels);
        try
        {
            if (image is not null) CheckSize(image.Width, image.Height, maximumPixels);
            return image;
        }
        catch
        {
            image?.Dispose();
            throw;
        }
    }

    // GIF, of which libvips gives other pixels than Pillow where they are transparent, and the formats whose loaders libvips calls
    // unsafe for untrusted files.
    private static DecodedImage? DecodeHere(ReadOnlySpan<byte> file, int channels, int maximumPixels) =>
        BmpDecoder.Accepts(file) ? BmpDecoder.Decode(file, channels, maximumPixels)
        : PnmDecoder.Accepts(file) ? PnmDecoder.Decode(file, channels, maximumPixels)
        : GifDecoder.Accepts(file) ? GifDecoder.Decode(file, channels, maximumPixels)
        : null;
}
