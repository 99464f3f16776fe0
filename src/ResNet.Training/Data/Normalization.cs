using static TorchSharp.torch;

namespace ResNet.Training.Data;

/// <summary>Turns pixels into the numbers a network takes: <c>(pixel / 255 − mean) / deviation</c>, channel by channel.</summary>
public sealed record Normalization
{
    /// <summary>Means and standard deviations of each channel, where black is 0 and white is 1.</summary>
    /// <exception cref="ArgumentException">The lengths differ, or a deviation is not positive.</exception>
    public Normalization(IReadOnlyList<float> mean, IReadOnlyList<float> deviation)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(deviation);
        if (mean.Count == 0 || mean.Count != deviation.Count || deviation.Any(value => !(value > 0)))
            throw new ArgumentException($"The normalisation has the means [{string.Join(", ", mean)}] and the deviations [{string.Join(", ", deviation)}], but has to have one of each a channel, and deviations more than 0.");
        (Mean, Deviation) = ([.. mean], [.. deviation]);
    }

    /// <summary>Of ImageNet's colour images, as torchvision uses them.</summary>
    public static Normalization ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>Of ImageNet's images in grey: its luma's mean and deviation.</summary>
    public static Normalization Grey { get; } = new([0.449f], [0.226f]);

    /// <summary>Of Fashion-MNIST's training images.</summary>
    public static Normalization FashionMnist { get; } = new([0.2860f], [0.3530f]);

    /// <summary>Means of the channels.</summary>
    public IReadOnlyList<float> Mean { get; }

    /// <summary>Standard deviations of the channels.</summary>
    public IReadOnlyList<float> Deviation { get; }

    /// <summary>Normalises a batch on a device.</summary>
    /// <param name="images">Pixels <c>[N, H, W, C]</c>, uint8.</param>
    /// <param name="device">Where the result goes, and is computed.</param>
    /// <returns><c>[N, C, H, W]</c>, float32, channels-last in memory.</returns>
    public Tensor Apply(Tensor images, Device device)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.ndim != 4 || images.size(3) != Mean.Count)
            throw new ArgumentException($"The images have the shape [{string.Join(", ", images.shape)}], but the normalisation takes [N, H, W, {Mean.Count}].", nameof(images));
        using var scope = NewDisposeScope();
        var shape = images.shape;
        // Row by row, so that libtorch's inner loop runs over a whole row and not over the few channels of a pixel.
        long row = shape[2] * shape[3];
        return images.to(device).view(shape[0], shape[1], row).to(ScalarType.Float32)
            .sub_(Row(Mean, shape[2], device)).div_(Row(Deviation, shape[2], device))
            .view(shape).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    private static Tensor Row(IReadOnlyList<float> values, long width, Device device) =>
        tensor([.. values.Select(value => value * 255)], device: device).repeat(width);
}
