using ResNet.Core;
using ResNet.Training.Optimization.Weights;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>Computes <see cref="Sgd"/>.</summary>
internal sealed class FlatSgd : FlatOptimizer
{
    private readonly Sgd _options;
    private readonly List<(bool Decays, Tensor[] Parts)> _chunks;

    internal FlatSgd(Sgd options, FlatWeights weights, long? chunk) : base(options, weights, chunk)
    {
        _options = options;
        // As in PyTorch, the momentum starts at zero and equals the first gradient after the first step.
        _chunks = options.Momentum == 0
            ? Chunked(weights.Weights, weights.Gradients)
            : Chunked(weights.Weights, weights.Gradients, AddState("momentum"));
    }

    private protected override void Update(double learningRate)
    {
        foreach (var (decays, parts) in _chunks)
        {
            var (weight, gradient) = (parts[0], parts[1]);
            if (decays && WeightDecay != 0) gradient.AddInPlace(weight, WeightDecay);
            if (parts is [_, _, var momentum])
            {
                momentum.MultiplyInPlace(_options.Momentum).AddInPlace(gradient);
                if (_options.Nesterov) gradient.AddInPlace(momentum, _options.Momentum);
                else gradient = momentum;
            }
            weight.AddInPlace(gradient, -learningRate);
        }
    }
}
