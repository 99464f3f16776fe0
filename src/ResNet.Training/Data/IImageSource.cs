using ResNet.Training.Data.Imaging;

namespace ResNet.Training.Data;

/// <summary>Labelled images, wherever they are.</summary>
internal interface IImageSource
{
    int Count { get; }

    int Label(int index);

    /// <summary>What messages about an image call it.</summary>
    string Name(int index);

    /// <summary>A reader for one thread.</summary>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    IImageReader OpenReader(int channels);
}

/// <summary>Opens one image after another, on one thread.</summary>
internal interface IImageReader : IDisposable
{
    /// <summary>Opens an image and closes the one before.</summary>
    /// <exception cref="ImageDecodingException">It cannot be read.</exception>
    IPixelSource Open(int index);
}
