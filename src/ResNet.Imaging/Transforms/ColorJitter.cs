using ResNet.Imaging.Color;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>Changes brightness, contrast, saturation and hue by random amounts, in random order.</summary>
/// <remarks>
/// A factor of 1 changes nothing; 0 makes the image black (brightness), one grey (contrast) or grey (saturation). The hue's amount
/// is a part of the circle. Saturation and hue do not change grey images. The pixels are those of torchvision's
/// <c>ColorJitter</c> of Pillow images, to the bit.
/// </remarks>
public sealed record ColorJitter : Transform
{
    private const double LargestTurn = 0.5;

    // The steps have torchvision's numbers.
    private const int Steps = 4;

    /// <summary>Jitters around the image's own colours; 0 does not change the property.</summary>
    /// <param name="brightness">The largest distance of the factor from 1, at least 0; the factor is never negative.</param>
    /// <param name="contrast">The same for the contrast.</param>
    /// <param name="saturation">The same for the saturation.</param>
    /// <param name="hue">The largest rotation of the hue in either direction, as a part of the circle, from 0 to 0.5.</param>
    /// <exception cref="InvalidOptionException">A value is outside its range.</exception>
    public ColorJitter(double brightness = 0, double contrast = 0, double saturation = 0, double hue = 0)
    {
        Brightness = Around(brightness, nameof(Brightness));
        Contrast = Around(contrast, nameof(Contrast));
        Saturation = Around(saturation, nameof(Saturation));
        Hue = (-Require.Between(this, hue, 0, LargestTurn, nameof(Hue)), hue);
    }

    /// <summary>Least and greatest factor of the brightness, at least 0; (1, 1) for no change.</summary>
    /// <exception cref="InvalidOptionException">The value is not such a range.</exception>
    public (double Minimum, double Maximum) Brightness
    {
        get;
        init => field = Require.Ordered(this, value, 0, double.MaxValue);
    }

    /// <summary>Least and greatest factor of the contrast, at least 0; (1, 1) for no change.</summary>
    /// <exception cref="InvalidOptionException">The value is not such a range.</exception>
    public (double Minimum, double Maximum) Contrast
    {
        get;
        init => field = Require.Ordered(this, value, 0, double.MaxValue);
    }

    /// <summary>Least and greatest factor of the saturation, at least 0; (1, 1) for no change.</summary>
    /// <exception cref="InvalidOptionException">The value is not such a range.</exception>
    public (double Minimum, double Maximum) Saturation
    {
        get;
        init => field = Require.Ordered(this, value, 0, double.MaxValue);
    }

    /// <summary>Least and greatest turn of the hue, from -0.5 to 0.5; (0, 0) for no change.</summary>
    /// <exception cref="InvalidOptionException">The value is not such a range.</exception>
    public (double Minimum, double Maximum) Hue
    {
        get;
        init => field = Require.Ordered(this, value, -LargestTurn, LargestTurn);
    }

    internal override bool IsRandom => Brightness != (1, 1) || Contrast != (1, 1) || Saturation != (1, 1) || Hue != (0, 0);

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        Span<Change> changes = stackalloc Change[Steps];
        Draw(changes, ref random);
        foreach (var (step, amount) in changes) Apply(canvas, step, amount);
    }

    /// <summary>Draws the order of the four steps and the amount of each.</summary>
    internal void Draw(Span<Change> changes, ref SplitMix64 random)
    {
        changes[0] = new(Step.Brightness, random.NextDouble(Brightness.Minimum, Brightness.Maximum));
        changes[1] = new(Step.Contrast, random.NextDouble(Contrast.Minimum, Contrast.Maximum));
        changes[2] = new(Step.Saturation, random.NextDouble(Saturation.Minimum, Saturation.Maximum));
        changes[3] = new(Step.Hue, random.NextDouble(Hue.Minimum, Hue.Maximum));
        random.Shuffle(changes[..Steps]);
    }

    private void Apply(Canvas canvas, Step step, double amount)
    {
        switch (step)
        {
            case Step.Brightness when Brightness != (1, 1):
                ColorOperations.Brightness(canvas.Pixels(), (float)amount);
                break;
            case Step.Contrast when Contrast != (1, 1):
                ColorOperations.Contrast(canvas.Pixels(), canvas.Channels, (float)amount);
                break;
            case Step.Saturation when Saturation != (1, 1):
                ColorOperations.Saturation(canvas.Pixels(), canvas.Channels, (float)amount, canvas.Spare(canvas.Width, canvas.Height));
                break;
            case Step.Hue when Hue != (0, 0):
                HueRotation.Apply(canvas.Pixels(), canvas.Channels, (float)amount);
                break;
        }
    }

    private (double Minimum, double Maximum) Around(double value, string property)
    {
        Require.AtLeast(this, value, 0, property);
        return (Math.Max(0, 1 - value), 1 + value);
    }

    internal enum Step
    {
        Brightness,
        Contrast,
        Saturation,
        Hue,
    }

    /// <summary>A step and its amount.</summary>
    internal readonly record struct Change(Step Step, double Amount);
}
