using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>Computes <see cref="Lamb"/>.</summary>
internal sealed class FlatLamb : FlatOptimizer
{
    private readonly Lamb _options;
    private readonly Tensor _steps;
    private readonly List<(bool Decays, Tensor[] Parts)> _chunks;
    private readonly List<(Tensor Weight, Tensor Update)> _layers = [];

    internal FlatLamb(Lamb options, FlatWeights weights, long? chunk) : base(options, weights, chunk)
    {
        _options = options;
        _steps = RememberSteps();
        _chunks = Chunked(weights.Weights, weights.Gradients, Remember("exp_avg"), Remember("exp_avg_sq"));
        if (WeightDecay == 0) return;
        foreach (var (_, offset, length) in weights.Layout.Where(parameter => parameter.Offset < weights.Decayed))
            _layers.Add((Own(weights.Weights.narrow(0, offset, length)), Own(weights.Gradients.narrow(0, offset, length))));
    }

    private protected override void Update(double learningRate)
    {
        long step = _steps.add_(1).ToInt64();
        double correction = 1 - Math.Pow(_options.Beta1, step), scale = Math.Sqrt(1 - Math.Pow(_options.Beta2, step));
        using var tooLarge = _options.MaximumNorm is { } most ? (Gradients.Norm(Weights) / most).clamp_(min: 1.0) : null;
        foreach (var (decays, parts) in _chunks)
        {
            if (parts is not [var weight, var gradient, var mean, var square]) continue;
            if (tooLarge is not null) gradient.div_(tooLarge);
            mean.mul_(_options.Beta1).add_(gradient, alpha: 1 - _options.Beta1);
            square.mul_(_options.Beta2).addcmul_(gradient, gradient, 1 - _options.Beta2);
            // From here on the gradient's memory holds the update.
            using var root = square.sqrt();
            gradient.copy_(mean).div_(correction).div_(root.div_(scale).add_(_options.Epsilon));
            if (!decays || WeightDecay == 0) weight.add_(gradient, alpha: -learningRate);
            else gradient.add_(weight, alpha: WeightDecay);
        }
        if (_layers.Count > 0) AdaptLayers(learningRate);
    }

    // A layer's update gets the length of the layer's weights, unless either is zero.
    private void AdaptLayers(double learningRate)
    {
        var weights = stack(_layers.Select(layer => layer.Weight.norm()));
        var updates = stack(_layers.Select(layer => layer.Update.norm()));
        var ratios = where((weights * updates).gt(0), weights / updates, ones_like(weights)).unbind();
        for (int i = 0; i < _layers.Count; i++) _layers[i].Weight.add_(_layers[i].Update.mul_(ratios[i]), alpha: -learningRate);
    }
}
