namespace ResNet.Imaging;

/// <summary>An image of a known size whose pixels are fetched on demand.</summary>
public interface IPixelSource
{
    /// <summary>The image's width in pixels, at least 1.</summary>
    int Width { get; }

    /// <summary>The image's height in pixels, at least 1. Width times height is at most <see cref="ImageDecoder.MaxPixels"/>.</summary>
    int Height { get; }

    /// <summary>1 for grey, 3 for RGB.</summary>
    int Channels { get; }

    /// <summary>Fetches a part of the image.</summary>
    /// <param name="area">A rectangle inside the image.</param>
    /// <exception cref="ImageDecodingException">The image is damaged.</exception>
    /// <returns>The pixels of this rectangle, or of a larger one around it; they are valid until the next call.</returns>
    PixelView Read(Area area);
}
