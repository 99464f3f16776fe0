using ResNet.Imaging.Policies;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>
/// Changes colours and shapes by random operations of one magnitude (Cubuk et al. 2019, "RandAugment: Practical automated data
/// augmentation with a reduced search space", https://arxiv.org/abs/1909.13719).
/// </summary>
/// <remarks>
/// Each operation is one of 14, all equally probable: Identity, ShearX, ShearY, TranslateX, TranslateY, Rotate, Brightness,
/// Color, Contrast, Sharpness, Posterize, Solarize, AutoContrast, Equalize. To the bit what torchvision's <c>RandAugment</c> does
/// to Pillow images.
/// </remarks>
public sealed record RandAugment : Transform
{
    /// <summary>Chooses how many operations and how strong.</summary>
    /// <param name="operations">How many are done, one after the other, at least 0.</param>
    /// <param name="magnitude">How strong they are, from 0 (as weak as can be) to <paramref name="bins"/> - 1.</param>
    /// <param name="bins">How many magnitudes there are, at least 2.</param>
    /// <exception cref="ArgumentException">A value is outside its range.</exception>
    public RandAugment(int operations = 2, int magnitude = 9, int bins = 31)
    {
        Operations = Require.AtLeast(operations, 0, "RandAugment.Operations");
        Bins = Require.AtLeast(bins, 2, "RandAugment.Bins");
        Magnitude = Require.Between(magnitude, 0, bins - 1, "RandAugment.Magnitude");
    }

    /// <summary>How many operations are done.</summary>
    public int Operations { get; }

    /// <summary>How strong they are, from 0 to <see cref="Bins"/> - 1.</summary>
    public int Magnitude { get; }

    /// <summary>How many magnitudes there are.</summary>
    public int Bins { get; }

    /// <summary>How sheared, moved and turned images are computed. Default: nearest, as in torchvision; its recipes use bilinear.</summary>
    /// <exception cref="ArgumentException">There is no such interpolation.</exception>
    public ImageInterpolation Interpolation
    {
        get;
        init => field = Require.Defined(value, "RandAugment.Interpolation", Enum.GetValues<ImageInterpolation>());
    } = ImageInterpolation.Nearest;

    /// <summary>What lies beyond the image in all channels, 0 to 255. Default: 0, black.</summary>
    public byte Fill { get; init; }

    internal override bool IsRandom => Operations > 0;

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        ImageSize size = new(canvas.Height, canvas.Width);
        for (int i = 0; i < Operations; i++)
        {
            var (operation, magnitude) = Draw(size, ref random);
            operation.Apply(canvas, magnitude, Interpolation, Fill);
        }
    }

    /// <summary>Draws an operation for an image of a size.</summary>
    internal (PolicyOperation Operation, double Magnitude) Draw(ImageSize size, ref SplitMix64 random)
    {
        var operation = (PolicyOperation)random.NextInt(PolicySpace.Operations);
        double magnitude = PolicySpace.RandAugment.Magnitude(operation, Magnitude, Bins, size);
        return (operation, PolicySpace.IsSigned(operation) && random.NextInt(2) == 1 ? -magnitude : magnitude);
    }
}
