using ResNet.Imaging;

namespace ResNet.Training.Data;

/// <summary>Opens one image of an <see cref="IImageSource"/> after another, on one thread.</summary>
public interface IImageReader : IDisposable
{
    /// <summary>Opens an image and closes the one before.</summary>
    /// <param name="index">The image, from 0 to <see cref="IImageSource.Count"/> - 1.</param>
    /// <returns>
    /// The image, with the reader's number of channels, valid until the next call; often an <see cref="ImageReader"/>.
    /// </returns>
    /// <exception cref="ImageDecodingException">
    /// The image cannot be read: with <see cref="OnUnreadableImage.Skip"/> the loader leaves it out. Any other exception ends the epoch.
    /// </exception>
    IPixelSource Open(int index);
}
