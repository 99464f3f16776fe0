using ResNet.Training.Data.Folders;
using ResNet.Training.Loading;

namespace ResNet.Training.Data;

/// <summary>
/// Labelled images for an <see cref="ImageLoader"/>, from any storage. <see cref="ImageFolder"/> and <see cref="Packs.ImagePack"/> are
/// sources; others may be archives, databases or videos.
/// </summary>
public interface IImageSource
{
    /// <summary>The number of images, which stays the same while a loader has the source.</summary>
    int Count { get; }

    /// <summary>
    /// The number of channels of all images in this source; null if readers convert images to the requested channels.
    /// </summary>
    int? Channels => null;

    /// <summary>Returns the class of an image, at least 0.</summary>
    /// <param name="index">The image, from 0 to <see cref="Count"/> - 1.</param>
    int Label(int index);

    /// <summary>Returns the name of an image in messages, such as its path.</summary>
    /// <param name="index">The image, from 0 to <see cref="Count"/> - 1.</param>
    string Name(int index);

    /// <summary>
    /// Makes a reader for one thread. Called for several threads at once; the loader disposes the reader at the end of the epoch.
    /// </summary>
    /// <param name="channels">1 for grey, 3 for RGB.</param>
    IImageReader OpenReader(int channels);
}
