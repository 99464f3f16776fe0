using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>Mirrors an image, left to right, with a probability.</summary>
public sealed record RandomHorizontalFlip : Transform
{
    /// <summary>Mirrors some of the images.</summary>
    /// <param name="p">The probability, from 0 to 1.</param>
    /// <exception cref="InvalidOptionException"><paramref name="p"/> is not a probability.</exception>
    public RandomHorizontalFlip(double p = 0.5) => P = Require.Probability(this, p, nameof(P));

    /// <summary>The probability.</summary>
    public double P { get; }

    internal override bool IsRandom => P is > 0 and < 1;

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        if (random.NextDouble() < P) canvas.FlipHorizontally();
    }
}
