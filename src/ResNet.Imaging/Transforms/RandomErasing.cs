using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>
/// Erases a random rectangle of the normalised image, with a probability (Zhong et al. 2017, "Random Erasing Data Augmentation",
/// https://arxiv.org/abs/1708.04896).
/// </summary>
/// <remarks>
/// As in torchvision (<c>torchvision/transforms/transforms.py</c>), the area is uniform and the ratio log-uniform, and nothing is
/// erased where none of ten draws fits.
/// </remarks>
public sealed record RandomErasing : Transform
{
    private const int Attempts = 10;

    /// <summary>Erases a part of some of the images.</summary>
    /// <param name="p">The probability, from 0 to 1.</param>
    /// <exception cref="InvalidOptionException"><paramref name="p"/> is not a probability.</exception>
    public RandomErasing(double p = 0.5) => P = Require.Probability(this, p, nameof(P));

    /// <summary>The probability.</summary>
    public double P { get; }

    /// <summary>Least and greatest part of the image's area, from 0 to 1. Default: 0.02 to 0.33.</summary>
    /// <exception cref="InvalidOptionException">The value is not such a range.</exception>
    public (double Minimum, double Maximum) Scale
    {
        get;
        init => field = Require.Ordered(this, value, 0, 1);
    } = (0.02, 0.33);

    /// <summary>Least and greatest height divided by width, more than 0. Default: 0.3 to 3.3.</summary>
    /// <exception cref="InvalidOptionException">The value is not such a range.</exception>
    public (double Minimum, double Maximum) Ratio
    {
        get;
        init => field = Require.Range(this, value, double.MaxValue);
    } = (0.3, 3.3);

    /// <summary>The new value: one number, or one for each channel. Default: 0, the mean of normalised images.</summary>
    /// <exception cref="InvalidOptionException">The list is empty.</exception>
    public IReadOnlyList<float> Value
    {
        get;
        init => field = [.. Require.That(this, value, value is { Count: > 0 }, "one number, or one of each channel")];
    } = [0];

    /// <summary>
    /// Whether each element of the rectangle is drawn from the standard normal distribution instead, as in torchvision's
    /// <c>value="random"</c>. Default: false.
    /// </summary>
    public bool Noise { get; init; }

    /// <summary>Whether all properties are equal.</summary>
    public bool Equals(RandomErasing? other) => other is not null
        && P == other.P && Scale == other.Scale && Ratio == other.Ratio && Noise == other.Noise && Value.SequenceEqual(other.Value);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(P, Scale, Ratio, Noise, Value[0]);

    internal override bool WorksOnTensors => true;

    internal override bool IsRandom => P > 0;

    internal override void RequireChannels(int channels)
    {
        bool fits = Noise || Value.Count == 1 || Value.Count == channels;
        Require.That(this, Value, fits, $"one number, or one of each channel, of which images have {channels}", nameof(Value));
    }

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        if (random.NextDouble() >= P || Draw(canvas.Width, canvas.Height, ref random) is not { } area) return;
        if (area is { Width: > 0, Height: > 0 }) canvas.Erasures.Add(new Erasure(area, Noise ? null : Value, (long)random.Next()));
    }

    /// <summary>Draws the rectangle for an image of a size; null where none of the draws fits.</summary>
    internal Area? Draw(int width, int height, ref SplitMix64 random)
    {
        for (int i = 0; i < Attempts; i++)
        {
            double area = (double)width * height * random.NextDouble(Scale.Minimum, Scale.Maximum);
            double ratio = Math.Exp(random.NextDouble(Math.Log(Ratio.Minimum), Math.Log(Ratio.Maximum)));
            int h = (int)Math.Round(Math.Sqrt(area * ratio));
            int w = (int)Math.Round(Math.Sqrt(area / ratio));
            if (h >= height || w >= width) continue;
            int top = random.NextInt(height - h + 1);
            return new(random.NextInt(width - w + 1), top, w, h);
        }
        return null;
    }
}
