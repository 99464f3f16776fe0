using ResNet.Core;
using ResNet.Training.Optimization.Weights;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>Computes the running means of <see cref="AdaptiveOptimizerOptions"/>.</summary>
internal abstract class FlatAdaptiveOptimizer : FlatOptimizer
{
    private readonly AdaptiveOptimizerOptions _options;
    private readonly Tensor _steps;

    private protected FlatAdaptiveOptimizer(AdaptiveOptimizerOptions options, FlatWeights weights, long? chunk)
        : base(options, weights, chunk)
    {
        _options = options;
        _steps = AddStepCount();
        var chunks = Chunked(weights.Weights, weights.Gradients, AddState("exp_avg"), AddState("exp_avg_sq"));
        Chunks =
        [
            .. chunks.Select(chunk => new Chunk(
                chunk.Decays && WeightDecay != 0, chunk.Parts[0], chunk.Parts[1], chunk.Parts[2], chunk.Parts[3])),
        ];
    }

    private protected IReadOnlyList<Chunk> Chunks { get; }

    private protected double Epsilon => _options.Epsilon;

    /// <summary>Counts a step.</summary>
    /// <returns>
    /// The divisors of the mean of gradients and of the root of the mean of their squares, which correct the start at zero.
    /// </returns>
    private protected (double Mean, double Root) NextStep()
    {
        long step = _steps.ReadInt64() + 1;
        _steps.FillInPlace(step);
        return (1 - Math.Pow(_options.Beta1, step), Math.Sqrt(1 - Math.Pow(_options.Beta2, step)));
    }

    /// <summary>Updates the running means with the gradients.</summary>
    private protected void UpdateMeans(Chunk chunk)
    {
        chunk.Mean.MultiplyInPlace(_options.Beta1).AddInPlace(chunk.Gradient, 1 - _options.Beta1);
        chunk.Square.MultiplyInPlace(_options.Beta2).AddProductInPlace(chunk.Gradient, chunk.Gradient, 1 - _options.Beta2);
    }

    /// <summary>A part of the flat tensors, and whether it has weight decay.</summary>
    private protected readonly record struct Chunk(bool Decays, Tensor Weight, Tensor Gradient, Tensor Mean, Tensor Square);
}
