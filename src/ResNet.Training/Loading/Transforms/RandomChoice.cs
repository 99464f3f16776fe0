using ResNet.Imaging.Randomness;

namespace ResNet.Training.Loading.Transforms;

/// <summary>
/// Applies one of several transforms to a batch, each with the same probability, such as <see cref="Mixup"/> or <see cref="CutMix"/>.
/// </summary>
/// <remarks>The same as <c>RandomChoice</c> in torchvision's recipes.</remarks>
public sealed record RandomChoice : BatchTransform
{
    /// <summary>Makes a transform that chooses among others.</summary>
    /// <param name="transforms">At least one.</param>
    /// <exception cref="InvalidOptionException">There is no transform, or one is null.</exception>
    public RandomChoice(params IReadOnlyList<BatchTransform> transforms)
    {
        ArgumentNullException.ThrowIfNull(transforms);
        bool isSound = transforms.Count > 0 && transforms.All(transform => transform is not null);
        Transforms = [.. Require.That(this, transforms, isSound, "one transform or more, none of them null", nameof(Transforms))];
    }

    /// <summary>The transforms to choose from.</summary>
    public IReadOnlyList<BatchTransform> Transforms { get; }

    /// <summary>Returns whether the other chooses from the same transforms.</summary>
    public bool Equals(RandomChoice? other) => other is not null && Transforms.SequenceEqual(other.Transforms);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Transforms.Count, Transforms[0]);

    internal override void Mix(MixingRows rows, ref SplitMix64 random) =>
        Transforms[random.NextInt(Transforms.Count)].Mix(rows, ref random);
}
