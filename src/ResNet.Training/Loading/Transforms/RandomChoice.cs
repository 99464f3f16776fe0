using ResNet.Imaging.Randomness;
using static TorchSharp.torch;

namespace ResNet.Training.Loading.Transforms;

/// <summary>Does one of several transforms to a batch, each with the same probability, such as <see cref="Mixup"/> or <see cref="CutMix"/>.</summary>
/// <remarks>As torchvision's recipes use <c>RandomChoice</c>.</remarks>
public sealed record RandomChoice : BatchTransform
{
    /// <summary>Chooses among transforms.</summary>
    /// <param name="transforms">At least one.</param>
    /// <exception cref="ArgumentException">There is none, or one is null.</exception>
    public RandomChoice(params IReadOnlyList<BatchTransform> transforms)
    {
        ArgumentNullException.ThrowIfNull(transforms);
        if (transforms.Count == 0 || transforms.Any(transform => transform is null))
            throw new ArgumentException($"RandomChoice has {transforms.Count} transforms, but needs at least one, and none may be null.", nameof(transforms));
        Transforms = [.. transforms];
    }

    /// <summary>What it chooses from.</summary>
    public IReadOnlyList<BatchTransform> Transforms { get; }

    /// <summary>Whether the other chooses from the same.</summary>
    public bool Equals(RandomChoice? other) => other is not null && Transforms.SequenceEqual(other.Transforms);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Transforms.Count, Transforms[0]);

    internal override void Mix(Tensor inputs, Tensor targets, ref SplitMix64 random) =>
        Transforms[random.NextInt(Transforms.Count)].Mix(inputs, targets, ref random);
}
