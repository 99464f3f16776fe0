namespace ResNet.Imaging.Decoding;

/// <summary>Decodes whole files of any format.</summary>
internal static class ImageFormats
{
    /// <summary>Decodes the first <paramref name="length"/> bytes of a file's contents.</summary>
    /// <exception cref="ImageDecodingException">They are damaged, truncated or no image.</exception>
    internal static DecodedImage Decode(string path, byte[] file, int length, int channels)
    {
        try
        {
            var contents = file.AsSpan(0, length);
            FileKinds.CheckName(path, FileKinds.Find(contents));
            return SmallPng.TryDecode(file, length, channels)
                ?? DecodeHere(contents, channels)
                ?? VipsDecoder.Decode(path, contents, channels);
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

    /// <summary>Throws for an image that is empty or larger than <see cref="ImageDecoder.MaxPixels"/>.</summary>
    /// <exception cref="InvalidDataException">The image has no pixels.</exception>
    /// <exception cref="NotSupportedException">The image has too many pixels.</exception>
    internal static void CheckSize(int width, int height)
    {
        if (width < 1 || height < 1)
            throw new InvalidDataException($"it has {width} x {height} pixels");
        if ((long)width * height > ImageDecoder.MaxPixels)
        {
            throw new NotSupportedException(
                $"it has {width} x {height} pixels and {ImageDecoder.MaxPixels:N0} are the most that is read");
        }
    }

    // GIF, of which libvips gives other pixels than Pillow where they are transparent, and the formats whose loaders libvips calls
    // unsafe for untrusted files.
    private static DecodedImage? DecodeHere(ReadOnlySpan<byte> file, int channels) =>
        BmpDecoder.Accepts(file) ? BmpDecoder.Decode(file, channels)
        : PnmDecoder.Accepts(file) ? PnmDecoder.Decode(file, channels)
        : GifDecoder.Accepts(file) ? GifDecoder.Decode(file, channels)
        : null;
}
