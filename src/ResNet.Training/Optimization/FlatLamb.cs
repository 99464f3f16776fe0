using ResNet.Core;
using ResNet.Training.Optimization.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>Computes <see cref="Lamb"/>.</summary>
internal sealed class FlatLamb : FlatAdaptiveOptimizer
{
    private readonly Lamb _options;
    private readonly List<(Tensor Weight, Tensor Update)> _layers = [];

    internal FlatLamb(Lamb options, FlatWeights weights, long? chunk) : base(options, weights, chunk)
    {
        _options = options;
        if (WeightDecay == 0) return;
        foreach (var (_, offset, length) in weights.Layout.Where(parameter => parameter.Offset < weights.Decayed))
            _layers.Add((Own(weights.Weights.narrow(0, offset, length)), Own(weights.Gradients.narrow(0, offset, length))));
    }

    private protected override void Update(double learningRate)
    {
        var (mean, root) = NextStep();
        using var tooLarge = _options.MaximumNorm is { } most
            ? Gradients.ComputeNorm(Weights).DivideInPlace(most).RaiseInPlace(1)
            : null;
        foreach (var chunk in Chunks)
        {
            if (tooLarge is not null) chunk.Gradient.div_(tooLarge);
            UpdateMeans(chunk);
            // From here on, the gradient's memory contains the update.
            using var divisor = chunk.Square.sqrt();
            chunk.Gradient.copy_(chunk.Mean).DivideInPlace(mean).div_(divisor.DivideInPlace(root).AddInPlace(Epsilon));
            if (chunk.Decays) chunk.Gradient.AddInPlace(chunk.Weight, WeightDecay);
            else chunk.Weight.AddInPlace(chunk.Gradient, -learningRate);
        }
        if (_layers.Count > 0) AdaptLayers(learningRate);
    }

    // Scales a layer's update to the norm of the layer's weights, unless either is zero.
    private void AdaptLayers(double learningRate)
    {
        var weights = stack(_layers.Select(layer => layer.Weight.norm()));
        var updates = stack(_layers.Select(layer => layer.Update.norm()));
        using Scalar none = 0;
        var ratios = where((weights * updates).gt(none), weights / updates, ones_like(weights)).unbind();
        for (int i = 0; i < _layers.Count; i++) _layers[i].Weight.AddInPlace(_layers[i].Update.mul_(ratios[i]), -learningRate);
    }
}
