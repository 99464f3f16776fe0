using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>
/// Resizes the shorter side of an image to a random length, antialiased, with its proportions kept: the scale augmentation of
/// VGG and of He et al. 2015, section 3.4.
/// </summary>
/// <remarks>As in torchvision's <c>v2.RandomResize</c>, the upper bound is exclusive.</remarks>
public sealed record RandomResize : Transform
{
    /// <summary>Sets the range of the lengths.</summary>
    /// <param name="minimum">The least length of the shorter side in pixels, at least 1.</param>
    /// <param name="limit">The exclusive upper bound of the length, more than <paramref name="minimum"/>.</param>
    /// <exception cref="InvalidOptionException">A value is out of its range.</exception>
    public RandomResize(int minimum, int limit)
    {
        Minimum = Require.AtLeast(this, minimum, 1, nameof(Minimum));
        Limit = Require.That(this, limit, limit > minimum, $"more than the minimum, {minimum}", nameof(Limit));
    }

    /// <summary>The least length of the shorter side afterwards, in pixels.</summary>
    public int Minimum { get; }

    /// <summary>The exclusive upper bound of the length of the shorter side, in pixels.</summary>
    public int Limit { get; }

    /// <summary>The interpolation. Default: bilinear.</summary>
    /// <exception cref="InvalidOptionException">The value is neither bilinear nor bicubic.</exception>
    public ImageInterpolation Interpolation
    {
        get;
        init => field = Require.BilinearOrBicubic(this, value);
    }

    internal override bool IsRandom => true;

    internal override ImageSize? SizeAfter(ImageSize? before) => null;

    internal override Transform Scaled(Func<int, int> side)
    {
        int minimum = side(Minimum);
        return new RandomResize(minimum, Math.Max(side(Limit), minimum + 1)) { Interpolation = Interpolation };
    }

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random) =>
        new Resize(Minimum + random.NextInt(Limit - Minimum)) { Interpolation = Interpolation }.ApplyTo(canvas, ref random);
}
