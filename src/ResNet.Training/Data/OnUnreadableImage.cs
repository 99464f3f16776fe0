namespace ResNet.Training.Data;

/// <summary>What a loader does about an image that cannot be read.</summary>
public enum OnUnreadableImage
{
    /// <summary>
    /// It throws an <see cref="Imaging.ImageDecodingException"/> with the file's path when the image's batch is asked for.
    /// </summary>
    Fail,

    /// <summary>It leaves the image out of its batch, which becomes smaller, and counts it.</summary>
    Skip,
}
