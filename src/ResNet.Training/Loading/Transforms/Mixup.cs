using ResNet.Imaging.Randomness;

namespace ResNet.Training.Loading.Transforms;

/// <summary>
/// Blends each image and its class with another image of the batch, the whole batch by one random amount (Zhang et al. 2017,
/// "mixup: Beyond Empirical Risk Minimization", https://arxiv.org/abs/1710.09412).
/// </summary>
/// <remarks>The <c>RandomMixup</c> of torchvision's recipes.</remarks>
public sealed record Mixup : PairTransform
{
    /// <summary>Makes a transform that blends some of the batches.</summary>
    /// <param name="p">The probability with which a batch is blended, from 0 to 1.</param>
    /// <param name="alpha">
    /// Both parameters of the beta distribution of the amount, more than 0: with small values one of the images dominates.
    /// </param>
    /// <exception cref="InvalidOptionException">A value is outside its range.</exception>
    public Mixup(double p = 0.5, double alpha = 1)
        : base(p, alpha)
    {
    }

    internal override void Mix(MixingRows rows, ref SplitMix64 random)
    {
        if (Draw(ref random) is not { } own) return;
        MixRows(rows.Inputs, rows.InputBefore, own);
        MixRows(rows.Targets, rows.TargetBefore, own);
    }

    /// <summary>Draws the remaining share of each image; returns null if the batch is not blended.</summary>
    internal double? Draw(ref SplitMix64 random) => random.NextDouble() < P ? random.NextBeta(Alpha) : null;
}
