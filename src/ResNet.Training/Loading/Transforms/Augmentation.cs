namespace ResNet.Training.Loading.Transforms;

/// <summary>Names for common augmentations of training images; <see cref="Augmentations.Transforms"/> has the transforms of each.</summary>
public enum Augmentation
{
    /// <summary>No augmentation: the transforms are those of evaluation.</summary>
    None,

    /// <summary>The image is mirrored left to right with probability 0.5.</summary>
    Flip,

    /// <summary>
    /// The image gets a border of an eighth of its size, a random crop of its old size, and mirroring, as in the paper for CIFAR-10.
    /// </summary>
    ShiftAndFlip,

    /// <summary>
    /// A random part of 8 to 100 % of its area and of an aspect ratio of 3/4 to 4/3 is resized to the network's input,
    /// and mirrored with probability 0.5: torchvision's RandomResizedCrop and RandomHorizontalFlip with their defaults.
    /// </summary>
    CropAndFlip,
}
