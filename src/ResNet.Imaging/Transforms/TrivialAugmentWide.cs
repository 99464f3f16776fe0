using ResNet.Imaging.Policies;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>
/// Changes colours or shapes by one random operation of a random magnitude (Müller and Hutter 2021, "TrivialAugment: Tuning-free
/// Yet State-of-the-Art Data Augmentation", https://arxiv.org/abs/2103.10158).
/// </summary>
/// <remarks>
/// The operations are those of <see cref="RandAugment"/>, with a wider range, and all equally probable. The pixels are those of
/// torchvision's <c>TrivialAugmentWide</c> of Pillow images, to the bit.
/// </remarks>
public sealed record TrivialAugmentWide : Transform
{
    /// <summary>Sets the number of magnitudes.</summary>
    /// <param name="bins">The number of magnitudes, at least 2.</param>
    /// <exception cref="InvalidOptionException"><paramref name="bins"/> is less than 2.</exception>
    public TrivialAugmentWide(int bins = 31) => Bins = Require.AtLeast(this, bins, 2, nameof(Bins));

    /// <summary>The number of magnitudes.</summary>
    public int Bins { get; }

    /// <summary>The interpolation of sheared, translated and rotated images. Default: nearest, as in torchvision.</summary>
    /// <remarks>torchvision's recipes use bilinear.</remarks>
    /// <exception cref="InvalidOptionException">There is no such interpolation.</exception>
    public ImageInterpolation Interpolation
    {
        get;
        init => field = Require.Defined(this, value);
    } = ImageInterpolation.Nearest;

    /// <summary>The value of all channels beyond the image, 0 to 255. Default: 0, black.</summary>
    public byte Fill { get; init; }

    internal override bool IsRandom => true;

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        var (operation, magnitude) = Draw(new(canvas.Height, canvas.Width), ref random);
        operation.Apply(canvas, magnitude, Interpolation, Fill);
    }

    /// <summary>Draws an operation for an image of a size.</summary>
    internal (PolicyOperation Operation, double Magnitude) Draw(ImageSize size, ref SplitMix64 random)
    {
        var operation = (PolicyOperation)random.NextInt(PolicySpace.Operations);
        double magnitude = PolicySpace.TrivialAugmentWide.Magnitude(operation, random.NextInt(Bins), Bins, size);
        return (operation, PolicySpace.IsSigned(operation) && random.NextInt(2) == 1 ? -magnitude : magnitude);
    }
}
