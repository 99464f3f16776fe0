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
/// Color, Contrast, Sharpness, Posterize, Solarize, AutoContrast, Equalize. The pixels are those of torchvision's
/// <c>RandAugment</c> of Pillow images, to the bit.
/// </remarks>
public sealed record RandAugment : PolicyTransform
{
    /// <summary>Sets the number of operations and their magnitude.</summary>
    /// <param name="operations">The number of operations, applied one after the other, at least 0.</param>
    /// <param name="magnitude">The magnitude of the operations, from 0 (weakest) to <paramref name="bins"/> - 1.</param>
    /// <param name="bins">The number of magnitudes, at least 2.</param>
    /// <exception cref="InvalidOptionException">A value is outside its range.</exception>
    public RandAugment(int operations = 2, int magnitude = 9, int bins = 31) : base(bins)
    {
        Operations = Require.AtLeast(this, operations, 0, nameof(Operations));
        Magnitude = Require.Between(this, magnitude, 0, bins - 1, nameof(Magnitude));
    }

    /// <summary>The number of operations.</summary>
    public int Operations { get; }

    /// <summary>The magnitude of the operations, from 0 to <see cref="PolicyTransform.Bins"/> - 1.</summary>
    public int Magnitude { get; }

    internal override bool IsRandom => Operations > 0;

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        ImageSize size = new(canvas.Height, canvas.Width);
        for (int i = 0; i < Operations; i++) ApplyOne(canvas, size, ref random);
    }

    private protected override double DrawMagnitude(PolicyOperation operation, ImageSize size, ref SplitMix64 random) =>
        PolicySpace.RandAugment.Magnitude(operation, Magnitude, Bins, size);
}
