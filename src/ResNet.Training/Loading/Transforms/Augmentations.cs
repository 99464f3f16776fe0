using ResNet.Imaging.Transforms;

namespace ResNet.Training.Loading.Transforms;

/// <summary>The transforms for the names of <see cref="Augmentation"/>.</summary>
public static class Augmentations
{
    /// <summary>Returns the transforms of a training image.</summary>
    /// <param name="augmentation">The augmentation.</param>
    /// <param name="imageSize">Height and width of the network's input in pixels, at least 1.</param>
    /// <param name="resizeTo">
    /// Length in pixels of the shorter side before the centre is cut out, for augmentations without a random crop.
    /// </param>
    /// <param name="normalize">The normalisation of the input.</param>
    /// <exception cref="InvalidOptionException">A value is outside its range.</exception>
    public static Compose Transforms(this Augmentation augmentation, int imageSize, int resizeTo, Normalize normalize) =>
        augmentation switch
        {
            Augmentation.None => Presets.Evaluation(imageSize, resizeTo, normalize),
            Augmentation.Flip => new Compose(new Resize(resizeTo), new CenterCrop(imageSize), new RandomHorizontalFlip(), normalize),
            Augmentation.ShiftAndFlip => new Compose(
                new Resize(imageSize),
                new CenterCrop(imageSize),
                new RandomCrop(imageSize, padding: imageSize / 8),
                new RandomHorizontalFlip(),
                normalize),
            Augmentation.CropAndFlip => Presets.Training(imageSize, normalize),
            _ => throw new InvalidOptionException(
                nameof(Augmentations), nameof(augmentation), augmentation, $"one of {string.Join(", ", Enum.GetNames<Augmentation>())}"),
        };
}
