#pragma warning disable IDE0060, CA1822
using static TorchSharp.torch;

namespace ResNet.Training.Data.Transforms;

/// <summary>Erases a random rectangle of the tensor.</summary>
public sealed record RandomErasing : Transform
{
    /// <summary>Erases.</summary>
    public RandomErasing(double p = 0.5) => P = p;

    /// <summary>Probability.</summary>
    public double P { get; }

    internal override bool WorksOnTensors => true;

    internal override bool IsRandom => true;

    internal override void Apply(Canvas canvas, ref SplitMix64 random)
    {
    }

    /// <summary>Fills the rectangle of an image <c>[C, H, W]</c>.</summary>
    internal void Fill(Tensor image, Erasure erasure)
    {
    }
}
