using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;

namespace ResNet.Training.Loading.Transforms;

/// <summary>The transforms of torchvision's recipes (<c>references/classification/presets.py</c>).</summary>
public static class Presets
{
    /// <summary>Returns torchvision's transforms for training.</summary>
    /// <param name="cropSize">Height and width of the network's input in pixels, at least 1.</param>
    /// <param name="normalize">The normalisation of the input; null for ImageNet's means and deviations.</param>
    /// <param name="policy">
    /// The policy for colours and shapes after mirroring, such as <see cref="TrivialAugmentWide"/> or <see cref="RandAugment"/>; null for
    /// none. torchvision's recipes give it the <paramref name="interpolation"/> of the crop; its own default is nearest.
    /// </param>
    /// <param name="randomErasing">The probability with which a rectangle is erased, from 0 to 1.</param>
    /// <param name="interpolation">The interpolation of the resizing.</param>
    /// <param name="horizontalFlip">The probability with which the image is mirrored, from 0 to 1.</param>
    /// <exception cref="InvalidOptionException">A value is outside its range.</exception>
    public static Compose Training(
        int cropSize = 224, Normalize? normalize = null, Transform? policy = null, double randomErasing = 0,
        ImageInterpolation interpolation = ImageInterpolation.Bilinear, double horizontalFlip = 0.5)
    {
        List<Transform> transforms = [new RandomResizedCrop(cropSize) { Interpolation = interpolation }];
        if (horizontalFlip != 0) transforms.Add(new RandomHorizontalFlip(horizontalFlip));
        if (policy is not null) transforms.Add(policy);
        transforms.Add(normalize ?? Normalize.ImageNet);
        if (randomErasing != 0) transforms.Add(new RandomErasing(randomErasing));
        return new Compose(transforms);
    }

    /// <summary>Returns the transforms for evaluation: for a network of 224 pixels, resizing to 256 and cutting out the centre.</summary>
    /// <param name="cropSize">Height and width of the network's input in pixels, at least 1.</param>
    /// <param name="resizeTo">
    /// Length in pixels of the shorter side before the cut; null for 8/7 of <paramref name="cropSize"/>, which is 256 for 224.
    /// </param>
    /// <param name="normalize">The normalisation of the input; null for ImageNet's means and deviations.</param>
    /// <param name="interpolation">The interpolation of the resizing.</param>
    /// <exception cref="InvalidOptionException">A size is less than 1.</exception>
    public static Compose Evaluation(
        int cropSize = 224,
        int? resizeTo = null,
        Normalize? normalize = null,
        ImageInterpolation interpolation = ImageInterpolation.Bilinear) => new(
            new Resize(resizeTo ?? (int)(cropSize * 8L / 7)) { Interpolation = interpolation },
            new CenterCrop(cropSize),
            normalize ?? Normalize.ImageNet);

    /// <summary>Returns the transforms for measuring the accuracy of published weights.</summary>
    /// <param name="preprocessing">The preprocessing of the weights.</param>
    public static Compose Evaluation(Preprocessing preprocessing)
    {
        ArgumentNullException.ThrowIfNull(preprocessing);
        return Evaluation(preprocessing.CropSize, preprocessing.ResizeTo, preprocessing.ToNormalize(), preprocessing.Interpolation);
    }

    /// <summary>Returns the transforms for fine-tuning published weights, with the same size, normalisation and interpolation.</summary>
    /// <param name="preprocessing">The preprocessing of the weights.</param>
    public static Compose Training(Preprocessing preprocessing)
    {
        ArgumentNullException.ThrowIfNull(preprocessing);
        return Training(preprocessing.CropSize, preprocessing.ToNormalize(), interpolation: preprocessing.Interpolation);
    }

    /// <summary>Returns the normalisation that published weights were trained with.</summary>
    /// <param name="preprocessing">The preprocessing of the weights.</param>
    public static Normalize ToNormalize(this Preprocessing preprocessing)
    {
        ArgumentNullException.ThrowIfNull(preprocessing);
        return new(preprocessing.Mean, preprocessing.Deviation);
    }

    /// <summary>
    /// Returns the paper's transforms for training on CIFAR: a border of an eighth of the size,
    /// a random crop of the old size, mirroring (He et al. 2015, section 4.2).
    /// </summary>
    /// <param name="size">Height and width of the images in pixels, at least 1.</param>
    /// <param name="normalize">
    /// The normalisation of the input; null for ImageNet's means and deviations, not
    /// CIFAR's: a network that was trained with other values needs its values here.
    /// </param>
    /// <exception cref="InvalidOptionException"><paramref name="size"/> is less than 1.</exception>
    public static Compose SmallImageTraining(int size = 32, Normalize? normalize = null) =>
        new(new RandomCrop(size, padding: size / 8), new RandomHorizontalFlip(), normalize ?? Normalize.ImageNet);
}
