using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ResNet.Core;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Loading;

/// <summary>
/// The transforms of tensors: normalisation of a whole batch on the network's device, and random erasing after it.
/// </summary>
public static class TensorTransforms
{
    /// <summary>Normalises a batch on a device.</summary>
    /// <param name="normalize">The normalisation.</param>
    /// <param name="images">Pixels <c>[N, H, W, C]</c>, uint8.</param>
    /// <param name="device">The device of the computation and the result.</param>
    /// <returns><c>[N, C, H, W]</c>, float32, channels-last in memory.</returns>
    /// <exception cref="ArgumentException">The images have another shape, type or number of channels.</exception>
    public static Tensor Apply(this Normalize normalize, Tensor images, Device device)
    {
        ArgumentNullException.ThrowIfNull(normalize);
        ArgumentNullException.ThrowIfNull(images);
        if (images.ndim != 4 || images.size(3) != normalize.Mean.Count)
        {
            throw new ArgumentException(
                $"The images have the shape [{string.Join(", ", images.shape)}], "
                + $"but the normalisation takes [N, H, W, {normalize.Mean.Count}].",
                nameof(images));
        }
        if (images.dtype != ScalarType.Byte)
            throw new ArgumentException($"The images are {images.dtype}, but the normalisation takes uint8.", nameof(images));
        using var scope = NewDisposeScope();
        return ToInput(normalize, images.contiguous(), device).MoveToOuterDisposeScope();
    }

    /// <summary>Normalises a batch, or computes <c>pixel / 255</c> without a normalisation.</summary>
    internal static Tensor ToInput(Normalize? normalize, Tensor images, Device device, Tensor? memory = null)
    {
        using var scope = NewDisposeScope();
        var shape = images.shape;
        var values = device.type == DeviceType.CPU && images.device_type == DeviceType.CPU
            ? LookUp(normalize, images, memory)
            : Compute(normalize, images.to(device, non_blocking: true), shape, device);
        return values.permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    // A channel has at most 256 values, and a table of them needs one pass over memory instead of five.
    private static unsafe Tensor LookUp(Normalize? normalize, Tensor images, Tensor? memory)
    {
        var values = memory is null ? empty(images.shape, ScalarType.Float32) : Part(memory, images.shape);
        if (images.numel() == 0) return values;
        int channels = (int)images.size(3);
        var table = Normalize.Table(normalize, channels);
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
        bool fits = memory.ndim == 4 && memory.size(0) >= shape[0] && memory.shape.AsSpan(1).SequenceEqual(shape.AsSpan(1));
        if (!fits || memory.device_type != DeviceType.CPU || memory.dtype != ScalarType.Float32 || !memory.is_contiguous())
        {
            throw new ArgumentException(
                $"The memory has the shape [{string.Join(", ", memory.shape)}] and the type {memory.dtype}, "
                + "but has to be float32, contiguous and on the CPU, "
                + $"[{shape[0]} or more, {string.Join(", ", shape.Skip(1))}].",
                nameof(memory));
        }
        return memory.narrow(0, 0, shape[0]);
    }

    private static unsafe void LookUp(float* table, byte* pixels, float* target, long length, int channels)
    {
        if (channels == 3)
        {
            for (long i = 0; i < length; i += 3)
            {
                target[i] = table[pixels[i]];
                target[i + 1] = table[Normalize.Levels + pixels[i + 1]];
                target[i + 2] = table[(2 * Normalize.Levels) + pixels[i + 2]];
            }
            return;
        }
        for (long i = 0; i < length; i++) target[i] = table[(i % channels * Normalize.Levels) + pixels[i]];
    }

    // A whole tensor may be too long for a span.
    private static unsafe byte* Start(Tensor tensor)
    {
        using var first = tensor.view(-1).narrow(0, 0, 1);
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    private static Tensor Compute(Normalize? normalize, Tensor images, long[] shape, Device device)
    {
        // Computes row by row, so that libtorch's inner loop runs over a whole row and not over the few channels of a pixel.
        var values = images.view(shape[0], shape[1], shape[2] * shape[3]).to(ScalarType.Float32).DivideInPlace(255);
        if (normalize is not null)
            values = values.sub_(Row(normalize.Mean, shape[2], device)).div_(Row(normalize.Deviation, shape[2], device));
        return values.view(shape);
    }

    private static Tensor Row(IReadOnlyList<float> values, long width, Device device) =>
        tensor([.. values], device: device).repeat(width);

    /// <summary>Fills the rectangle of an image <c>[C, H, W]</c> that <see cref="RandomErasing"/> chose.</summary>
    internal static void Fill(Tensor image, Erasure erasure)
    {
        using var scope = NewDisposeScope();
        var area = erasure.Area;
        var part = image.narrow(1, area.Top, area.Height).narrow(2, area.Left, area.Width);
        if (erasure.Value is not { } value)
            part.copy_(tensor(Normals(part.NumberOfElements, erasure.Seed), part.shape));
        else if (value.Count == 1)
            part.FillInPlace(value[0]);
        else
            part.copy_(tensor([.. value], [value.Count, 1, 1]).expand_as(part));
    }

    private static float[] Normals(long count, long seed)
    {
        var random = SplitMix64.For(seed);
        var normals = new float[count];
        for (int i = 0; i < normals.Length; i++) normals[i] = (float)random.NextNormal();
        return normals;
    }
}
