using System.Text.Json.Serialization;
using ResNet.Core;
using ResNet.Imaging.Randomness;
using static TorchSharp.torch;

namespace ResNet.Training.Loading.Transforms;

/// <summary>Mixes the images of a batch with each other, and their classes in the same way.</summary>
/// <remarks>
/// Image i is mixed with image i - 1, and the first with the last, as in torchvision's <c>references/classification/transforms.py</c>.
/// Random numbers depend only on the arguments of <see cref="Apply(Tensor, Tensor, int, long, int, int)"/>.
/// </remarks>
[JsonDerivedType(typeof(Mixup), "mixup")]
[JsonDerivedType(typeof(CutMix), "cutmix")]
[JsonDerivedType(typeof(RandomChoice), "choice")]
public abstract record BatchTransform
{
    // The loader uses the streams 1 (order) and 2 (images).
    private const long Stream = 3;

    private protected BatchTransform()
    {
    }

    /// <summary>Mixes a batch in place.</summary>
    /// <param name="inputs">The images <c>[N, C, H, W]</c>, normalised, of a floating-point type; they are changed.</param>
    /// <param name="labels">Class numbers <c>[N]</c>, int64, on any device.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    /// <param name="seed">The seed of random numbers, together with the next two arguments.</param>
    /// <param name="epoch">The epoch's number.</param>
    /// <param name="batch">The batch's index in its epoch.</param>
    /// <returns>
    /// The share of each class in each image, <c>[N, classes]</c>, of the inputs' type and on their device: a new tensor.
    /// </returns>
    /// <exception cref="ArgumentException">A tensor has another shape or type, or the number of classes is 0.</exception>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">
    /// A label is not from 0 to <paramref name="classes"/> - 1.
    /// </exception>
    public Tensor Apply(Tensor inputs, Tensor labels, int classes, long seed, int epoch, int batch) =>
        Apply(inputs, labels, classes, seed, epoch, batch, MixingRows.Of);

    // A part of a batch has the same random numbers as the others; "find" finds the row before its first one.
    internal Tensor Apply(
        Tensor inputs, Tensor labels, int classes, long seed, int epoch, int batch, Func<Tensor, Tensor, MixingRows> find)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(labels);
        Refuse(inputs, labels, classes);
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        var targets = nn.functional.one_hot(labels, classes).to(inputs.dtype, inputs.device);
        var random = SplitMix64.For(seed, Stream, epoch, batch);
        Mix(find(inputs, targets), ref random);
        return targets.MoveToOuterDisposeScope();
    }

    /// <summary>Mixes images and classes in place.</summary>
    internal abstract void Mix(MixingRows rows, ref SplitMix64 random);

    /// <summary>Mixes each row with the row before: the given share of the row, and the rest of the row before.</summary>
    private protected static void MixRows(Tensor rows, Tensor rowBefore, double own)
    {
        var before = RowsBefore(rows, rowBefore);
        rows.MultiplyInPlace(own).AddInPlace(before.MultiplyInPlace(1 - own));
    }

    /// <summary>Returns a copy with each row one place later, and another row first.</summary>
    private protected static Tensor RowsBefore(Tensor rows, Tensor rowBefore) => cat([rowBefore, rows.narrow(0, 0, rows.size(0) - 1)]);

    private static void Refuse(Tensor inputs, Tensor labels, int classes)
    {
        if (classes < 1) throw new ArgumentException($"There are {classes} classes, but there has to be at least 1.", nameof(classes));
        if (inputs.ndim != 4 || inputs.size(0) == 0 || !inputs.is_floating_point())
        {
            throw new ArgumentException(
                $"The inputs are {Text(inputs)}, but have to be floating-point numbers [N, C, H, W].", nameof(inputs));
        }
        if (labels.ndim != 1 || labels.dtype != ScalarType.Int64 || labels.size(0) != inputs.size(0))
        {
            throw new ArgumentException(
                $"The labels are {Text(labels)}, but have to be int64 numbers [{inputs.size(0)}], one an image.", nameof(labels));
        }

        static string Text(Tensor tensor) => $"{tensor.dtype} [{string.Join(", ", tensor.shape)}]";
    }
}
