using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>Computes <see cref="AdamW"/>.</summary>
internal sealed class FlatAdamW : FlatOptimizer
{
    private readonly AdamW _options;
    private readonly Tensor _steps;
    private readonly List<(bool Decays, Tensor[] Parts)> _chunks;

    internal FlatAdamW(AdamW options, FlatWeights weights, long? chunk) : base(options, weights, chunk)
    {
        _options = options;
        _steps = RememberSteps();
        _chunks = Chunked(weights.Weights, weights.Gradients, Remember("exp_avg"), Remember("exp_avg_sq"));
    }

    private protected override void Update(double learningRate)
    {
        long step = _steps.add_(1).ToInt64();
        double size = learningRate / (1 - Math.Pow(_options.Beta1, step)), scale = Math.Sqrt(1 - Math.Pow(_options.Beta2, step));
        foreach (var (decays, parts) in _chunks)
        {
            if (parts is not [var weight, var gradient, var mean, var square]) continue;
            if (decays && WeightDecay != 0) weight.mul_(1 - (learningRate * WeightDecay));
            mean.mul_(_options.Beta1).add_(gradient, alpha: 1 - _options.Beta1);
            square.mul_(_options.Beta2).addcmul_(gradient, gradient, 1 - _options.Beta2);
            // The gradient is no longer needed, its memory is.
            var root = gradient.copy_(square).sqrt_().div_(scale).add_(_options.Epsilon);
            weight.addcdiv_(mean, root, -size);
        }
    }
}
