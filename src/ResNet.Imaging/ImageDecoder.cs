namespace ResNet.Imaging;

/// <summary>Reads image files into memory as 8-bit grey or RGB: JPEG, PNG, GIF, WebP, TIFF, BMP, PPM, PGM and PBM.</summary>
/// <remarks>
/// The content decides the format. GIF, HEIC and AVIF are read only where the file's name says so, too: it ends in <c>.gif</c>, in
/// <c>.heic</c>, <c>.heif</c> or <c>.hif</c>, or in <c>.avif</c>; HEIC and AVIF only where libvips has a decoder for them.
/// <para/>
/// The pixels are those that Pillow's <c>Image.open(path).convert("L" or "RGB")</c> gives, and so torchvision's
/// <c>ImageFolder</c>: colour to grey by the ITU-R 601-2 luma, alpha dropped, the Exif orientation (but not that of a TIFF
/// image) and colour profiles ignored, the first picture of several. 16-bit colours keep their upper 8 bits; 16-bit grey
/// above 255 becomes 255, and below 0 it becomes 0. Associated alpha of TIFF images is divided out. Safe to call from many threads.
/// </remarks>
public static class ImageDecoder
{
    /// <summary>The largest image that is read, in pixels: Pillow's limit against decompression bombs, 178,956,970.</summary>
    public const int MaxPixels = 2 * (1024 * 1024 * 1024 / 4 / 3);

    // The readers reuse their memory from image to image.
    [ThreadStatic]
    private static ImageReader? s_greyReader;

    [ThreadStatic]
    private static ImageReader? s_colourReader;

    /// <summary>Reads an image file.</summary>
    /// <param name="path">The image file; except for GIF, HEIC and AVIF, its name does not matter.</param>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    /// <returns>The whole image, which the caller disposes of.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="channels"/> is neither 1 nor 3.</exception>
    /// <exception cref="ImageDecodingException">The file is missing, unreadable, damaged, truncated or no image.</exception>
    /// <exception cref="DllNotFoundException">libvips is not installed.</exception>
    public static DecodedImage Open(string path, int channels)
    {
        ArgumentNullException.ThrowIfNull(path);
        var reader = channels switch
        {
            1 => s_greyReader ??= new ImageReader(1),
            3 => s_colourReader ??= new ImageReader(3),
            _ => new ImageReader(channels),
        };
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
}
