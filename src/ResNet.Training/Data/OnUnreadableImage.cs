namespace ResNet.Training.Data;

/// <summary>The treatment of an image that cannot be read.</summary>
public enum OnUnreadableImage
{
    /// <summary>
    /// The loader throws an <see cref="Imaging.ImageDecodingException"/> with the file's path when the image's batch is requested.
    /// </summary>
    Fail,

    /// <summary>The loader leaves the image out of its batch, which becomes smaller, and counts it.</summary>
    Skip,
}
