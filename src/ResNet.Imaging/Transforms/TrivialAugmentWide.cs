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
public sealed record TrivialAugmentWide : PolicyTransform
{
    /// <summary>Sets the number of magnitudes.</summary>
    /// <param name="bins">The number of magnitudes, at least 2.</param>
    /// <exception cref="InvalidOptionException"><paramref name="bins"/> is less than 2.</exception>
    public TrivialAugmentWide(int bins = 31) : base(bins)
    {
    }

    internal override bool IsRandom => true;

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random) =>
        ApplyOne(canvas, new(canvas.Height, canvas.Width), ref random);

    private protected override double DrawMagnitude(PolicyOperation operation, ImageSize size, ref SplitMix64 random) =>
        PolicySpace.TrivialAugmentWide.Magnitude(operation, random.NextInt(Bins), Bins, size);
}
