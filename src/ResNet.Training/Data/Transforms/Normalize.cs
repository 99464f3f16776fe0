using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ResNet.Core.Weights;
using static TorchSharp.torch;

namespace ResNet.Training.Data.Transforms;

/// <summary>Turns pixels into the numbers a network takes: <c>(pixel / 255 − mean) / deviation</c>, channel by channel.</summary>
public sealed record Normalize : Transform
{
    private const int Levels = 256;

    /// <summary>Means and standard deviations of each channel, where black is 0 and white is 1.</summary>
    /// <exception cref="ArgumentException">The lengths differ, or a deviation is not positive.</exception>
    public Normalize(IReadOnlyList<float> mean, IReadOnlyList<float> deviation)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(deviation);
        if (mean.Count == 0 || mean.Count != deviation.Count || deviation.Any(value => !(value > 0)))
            throw new ArgumentException($"The normalisation has the means [{string.Join(", ", mean)}] and the deviations [{string.Join(", ", deviation)}], but has to have one of each a channel, and deviations more than 0.");
        (Mean, Deviation) = ([.. mean], [.. deviation]);
    }

    /// <summary>Of ImageNet's colour images, as torchvision uses them.</summary>
    public static Normalize ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>Of ImageNet's images in grey: its luma's mean and deviation.</summary>
    public static Normalize Grey { get; } = new([0.449f], [0.226f]);

    /// <summary>Of CIFAR-10's training images.</summary>
    public static Normalize Cifar10 { get; } = new([0.4914f, 0.4822f, 0.4465f], [0.2470f, 0.2435f, 0.2616f]);

    /// <summary>Of Fashion-MNIST's training images.</summary>
    public static Normalize FashionMnist { get; } = new([0.2860f], [0.3530f]);

    /// <summary>What published weights were trained with.</summary>
    /// <param name="preprocessing">That of the weights.</param>
    public static Normalize From(Preprocessing preprocessing)
    {
        ArgumentNullException.ThrowIfNull(preprocessing);
        return new(preprocessing.Mean, preprocessing.Deviation);
    }

    /// <summary>Means of the channels.</summary>
    public IReadOnlyList<float> Mean { get; }

    /// <summary>Standard deviations of the channels.</summary>
    public IReadOnlyList<float> Deviation { get; }

    /// <summary>Whether the other has the same means and deviations.</summary>
    public bool Equals(Normalize? other) => other is not null && Mean.SequenceEqual(other.Mean) && Deviation.SequenceEqual(other.Deviation);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Mean.Count, Mean[0], Deviation[0]);

    /// <summary>Normalises a batch on a device.</summary>
    /// <param name="images">Pixels <c>[N, H, W, C]</c>, uint8.</param>
    /// <param name="device">Where the result goes, and is computed.</param>
    /// <returns><c>[N, C, H, W]</c>, float32, channels-last in memory.</returns>
    /// <exception cref="ArgumentException">The images have another shape, type or number of channels.</exception>
    public Tensor Apply(Tensor images, Device device)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.ndim != 4 || images.size(3) != Mean.Count)
            throw new ArgumentException($"The images have the shape [{string.Join(", ", images.shape)}], but the normalisation takes [N, H, W, {Mean.Count}].", nameof(images));
        if (images.dtype != ScalarType.Byte)
            throw new ArgumentException($"The images are {images.dtype}, but the normalisation takes uint8.", nameof(images));
        using var scope = NewDisposeScope();
        return Apply(this, images.contiguous(), device).MoveToOuterDisposeScope();
    }

    /// <summary>The same, or without a normalisation <c>pixel / 255</c>.</summary>
    internal static Tensor Apply(Normalize? normalize, Tensor images, Device device, Tensor? memory = null)
    {
        using var scope = NewDisposeScope();
        var shape = images.shape;
        var values = device.type == TorchSharp.DeviceType.CPU && images.device_type == TorchSharp.DeviceType.CPU
            ? LookUp(normalize, images, memory)
            : Compute(normalize, images.to(device, non_blocking: true), shape, device);
        return values.permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    // A channel has 256 values at the most, and a table of them costs one pass over memory in place of five.
    private static unsafe Tensor LookUp(Normalize? normalize, Tensor images, Tensor? memory)
    {
        var values = memory is null ? empty(images.shape, ScalarType.Float32) : Part(memory, images.shape);
        if (images.numel() == 0) return values;
        int channels = (int)images.size(3);
        var table = Table(normalize, channels);
        byte* pixels = Start(images);
        var target = (float*)Start(values);
        long length = images.numel() / images.size(0);
        Parallel.For(0, images.size(0), new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, image =>
        {
            fixed (float* first = table) LookUp(first, pixels + (image * length), target + (image * length), length, channels);
        });
        GC.KeepAlive(images);
        return values;
    }

    private static Tensor Part(Tensor memory, long[] shape)
    {
        if (memory.device_type != TorchSharp.DeviceType.CPU || memory.dtype != ScalarType.Float32 || memory.ndim != 4 || memory.size(0) < shape[0] || !memory.shape.AsSpan(1).SequenceEqual(shape.AsSpan(1)) || !memory.is_contiguous())
            throw new ArgumentException($"The memory has the shape [{string.Join(", ", memory.shape)}] and the type {memory.dtype}, but has to be float32, contiguous and on the CPU, [{shape[0]} or more, {string.Join(", ", shape.Skip(1))}].", nameof(memory));
        return memory.narrow(0, 0, shape[0]);
    }

    private static unsafe void LookUp(float* table, byte* pixels, float* target, long length, int channels)
    {
        if (channels == 3)
        {
            for (long i = 0; i < length; i += 3)
            {
                target[i] = table[pixels[i]];
                target[i + 1] = table[Levels + pixels[i + 1]];
                target[i + 2] = table[(2 * Levels) + pixels[i + 2]];
            }
            return;
        }
        for (long i = 0; i < length; i++) target[i] = table[(i % channels * Levels) + pixels[i]];
    }

    // The same operations as in torchvision, and so the same bits.
    private static float[] Table(Normalize? normalize, int channels)
    {
        var table = new float[channels * Levels];
        for (int i = 0; i < table.Length; i++)
        {
            var (channel, value) = (i / Levels, i % Levels / 255f);
            table[i] = normalize is null ? value : (value - normalize.Mean[channel]) / normalize.Deviation[channel];
        }
        return table;
    }

    // A whole tensor may be too long for a span.
    private static unsafe byte* Start(Tensor tensor)
    {
        using var first = tensor.view(-1).narrow(0, 0, 1);
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    private static Tensor Compute(Normalize? normalize, Tensor images, long[] shape, Device device)
    {
        // Row by row, so that libtorch's inner loop runs over a whole row and not over the few channels of a pixel.
        var values = images.view(shape[0], shape[1], shape[2] * shape[3]).to(ScalarType.Float32).DivideInPlace(255);
        if (normalize is not null) values = values.sub_(Row(normalize.Mean, shape[2], device)).div_(Row(normalize.Deviation, shape[2], device));
        return values.view(shape);
    }

    internal override bool WorksOnTensors => true;

    internal override void RequireChannels(int channels)
    {
        if (Mean.Count != channels)
            throw new ArgumentException($"The transforms normalise {Mean.Count} channel(s), but ImageLoaderOptions.Channels is {channels}: they have to be the same.");
    }

    internal override void Apply(Canvas canvas, ref SplitMix64 random)
    {
        // A batch is normalised as a whole, on the model's device.
    }

    private static Tensor Row(IReadOnlyList<float> values, long width, Device device) =>
        tensor([.. values], device: device).repeat(width);
}
