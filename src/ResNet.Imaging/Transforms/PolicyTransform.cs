using ResNet.Imaging.Policies;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>Changes colours and shapes by random operations, all equally probable, of a number of magnitudes.</summary>
public abstract record PolicyTransform : Transform
{
    private protected PolicyTransform(int bins) => Bins = Require.AtLeast(this, bins, 2, nameof(Bins));

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

    /// <summary>Draws an operation for an image of a size.</summary>
    internal (PolicyOperation Operation, double Magnitude) Draw(ImageSize size, ref SplitMix64 random)
    {
        var operation = (PolicyOperation)random.NextInt(PolicySpace.Operations);
        double magnitude = DrawMagnitude(operation, size, ref random);
        return (operation, PolicySpace.IsSigned(operation) && random.NextInt(2) == 1 ? -magnitude : magnitude);
    }

    private protected abstract double DrawMagnitude(PolicyOperation operation, ImageSize size, ref SplitMix64 random);

    private protected void ApplyOne(Canvas canvas, ImageSize size, ref SplitMix64 random)
    {
        var (operation, magnitude) = Draw(size, ref random);
        operation.Apply(canvas, magnitude, Interpolation, Fill);
    }
}
