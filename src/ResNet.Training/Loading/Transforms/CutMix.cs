using ResNet.Imaging;
using ResNet.Imaging.Randomness;
using static TorchSharp.torch;

namespace ResNet.Training.Loading.Transforms;

/// <summary>
/// Replaces a random rectangle of each image by the same rectangle of another image, and mixes the classes in proportion to the area
/// (Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features",
/// https://arxiv.org/abs/1905.04899).
/// </summary>
/// <remarks>The <c>RandomCutmix</c> of torchvision's recipes. The rectangle is the same in the whole batch, and may be empty.</remarks>
public sealed record CutMix : PairTransform
{
    /// <summary>Makes a transform that cuts and mixes some of the batches.</summary>
    /// <param name="p">The probability with which a batch is mixed, from 0 to 1.</param>
    /// <param name="alpha">Both parameters of the beta distribution of the remaining area, more than 0.</param>
    /// <exception cref="InvalidOptionException">A value is outside its range.</exception>
    public CutMix(double p = 0.5, double alpha = 1)
        : base(p, alpha)
    {
    }

    internal override void Mix(MixingRows rows, ref SplitMix64 random)
    {
        int height = (int)rows.Inputs.size(2), width = (int)rows.Inputs.size(3);
        if (Draw(width, height, ref random) is not { Width: > 0, Height: > 0 } area) return;
        var part = Cut(rows.Inputs);
        part.copy_(RowsBefore(part, Cut(rows.InputBefore)));
        // The image's edges may cut the rectangle, so the share is computed from its actual area.
        MixRows(rows.Targets, rows.TargetBefore, 1 - ((double)area.Width * area.Height / ((double)width * height)));

        Tensor Cut(Tensor images) => images.narrow(2, area.Top, area.Height).narrow(3, area.Left, area.Width);
    }

    /// <summary>Draws the rectangle, which may be empty; returns null if the batch is not mixed.</summary>
    internal Area? Draw(int width, int height, ref SplitMix64 random)
    {
        if (random.NextDouble() >= P) return null;
        double half = 0.5 * Math.Sqrt(1 - random.NextBeta(Alpha));
        int x = random.NextInt(width), y = random.NextInt(height);
        int across = (int)(half * width), down = (int)(half * height);
        int left = Math.Max(x - across, 0), top = Math.Max(y - down, 0);
        return new(left, top, Math.Min(x + across, width) - left, Math.Min(y + down, height) - top);
    }
}
