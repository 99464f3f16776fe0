using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Transforms;

/// <summary>Normalises pixels channel by channel: <c>(pixel / 255 − mean) / deviation</c>.</summary>
public sealed record Normalize : Transform
{
    internal const int Levels = 256;

    /// <summary>Makes the step of means and standard deviations of each channel, where black is 0 and white is 1.</summary>
    /// <exception cref="InvalidOptionException">The lengths differ, or a deviation is not positive.</exception>
    public Normalize(IReadOnlyList<float> mean, IReadOnlyList<float> deviation)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(deviation);
        Mean = [.. Require.That(this, mean, mean.Count > 0, "one number a channel", nameof(Mean))];
        bool fits = deviation.Count == mean.Count && deviation.All(value => value > 0);
        Deviation = [.. Require.That(
            this, deviation, fits, $"{mean.Count} numbers more than 0, as many as there are means", nameof(Deviation))];
    }

    /// <summary>The normalisation of ImageNet's colour images, torchvision's values.</summary>
    public static Normalize ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>The normalisation of ImageNet's images in grey, by the mean and deviation of the luma.</summary>
    public static Normalize Grey { get; } = new([0.449f], [0.226f]);

    /// <summary>The normalisation of CIFAR-10's training images.</summary>
    public static Normalize Cifar10 { get; } = new([0.4914f, 0.4822f, 0.4465f], [0.2470f, 0.2435f, 0.2616f]);

    /// <summary>The normalisation of Fashion-MNIST's training images.</summary>
    public static Normalize FashionMnist { get; } = new([0.2860f], [0.3530f]);

    /// <summary>The mean of each channel.</summary>
    public IReadOnlyList<float> Mean { get; }

    /// <summary>The standard deviation of each channel.</summary>
    public IReadOnlyList<float> Deviation { get; }

    /// <summary>Whether the other has the same means and deviations.</summary>
    public bool Equals(Normalize? other) => other is not null && Mean.SequenceEqual(other.Mean) && Deviation.SequenceEqual(other.Deviation);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Mean.Count, Mean[0], Deviation[0]);

    internal override bool WorksOnTensors => true;

    internal override void RequireChannels(int channels) =>
        Require.That(this, Mean, Mean.Count == channels, $"one number for each of the images' {channels} channel(s)", nameof(Mean));

    internal override void ApplyTo(Canvas canvas, ref SplitMix64 random)
    {
        // A batch is normalised as a whole, on the model's device.
    }

    /// <summary>Computes the normalised values of each channel's 256 levels, by torchvision's operations, to the bit.</summary>
    /// <param name="normalize">Null for <c>pixel / 255</c>.</param>
    /// <param name="channels">The number of channels.</param>
    internal static float[] Table(Normalize? normalize, int channels)
    {
        var table = new float[channels * Levels];
        for (int i = 0; i < table.Length; i++)
        {
            var (channel, value) = (i / Levels, i % Levels / 255f);
            table[i] = normalize is null ? value : (value - normalize.Mean[channel]) / normalize.Deviation[channel];
        }
        return table;
    }
}
