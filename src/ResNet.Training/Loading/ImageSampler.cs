namespace ResNet.Training.Loading;

/// <summary>The choice of the images of an epoch.</summary>
public enum ImageSampler
{
    /// <summary>Each image at most once.</summary>
    Once,

    /// <summary>
    /// Draws with replacement: each draw takes each class that has images with the same probability, and of the class each image. Images of
    /// small classes come several times in an epoch, each time with another augmentation. The number of images of an epoch is the same.
    /// </summary>
    Balanced,
}
