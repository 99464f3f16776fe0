using ResNet.Core;
using ResNet.Training.Optimization.Weights;

namespace ResNet.Training.Optimization;

/// <summary>Computes <see cref="AdamW"/>.</summary>
internal sealed class FlatAdamW(AdamW options, FlatWeights weights, long? chunk) : FlatAdaptiveOptimizer(options, weights, chunk)
{
    private protected override void Update(double learningRate)
    {
        var (mean, root) = NextStep();
        foreach (var chunk in Chunks)
        {
            if (chunk.Decays) chunk.Weight.MultiplyInPlace(1 - (learningRate * WeightDecay));
            UpdateMeans(chunk);
            // The divisor reuses the memory of the gradient.
            var divisor = chunk.Gradient.copy_(chunk.Square).sqrt_().DivideInPlace(root).AddInPlace(Epsilon);
            chunk.Weight.AddQuotientInPlace(chunk.Mean, divisor, -(learningRate / mean));
        }
    }
}
