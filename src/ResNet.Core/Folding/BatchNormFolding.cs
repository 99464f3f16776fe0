using ResNet.Core.Blocks;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Folding;

/// <summary>Copies a network so that each batch norm that follows a convolution becomes part of the convolution.</summary>
internal static class BatchNormFolding
{
    /// <summary>Makes the copy, in evaluation mode and without gradients.</summary>
    /// <exception cref="InvalidOperationException">The norms are not batch norms.</exception>
    internal static ResNetModel Fold(ResNetModel network)
    {
        var options = network.Options;
        if (options.Norm != Norm.Batch && options.Norm != Norm.FrozenBatch)
            throw new InvalidOperationException(
                $"The network's norm is {options.Norm}, but only batch norms can be folded into convolutions.");
        var folded = CreateWithoutDrawing(options with
        {
            Norm = Norm.Folded,
            Device = network.Device,
            DType = network.DType,
            Dropout = 0,
            StochasticDepth = 0,
            ZeroInitLastNorm = false,
        });
        using var ordinary = new OrdinaryMode();
        using var noGradients = no_grad();
        CopyWeights(network, folded);
        foreach (var parameter in folded.parameters()) parameter.requires_grad = false;
        folded.eval();
        return folded;
    }

    // The initial weights are overwritten at once, so they must not advance the random number generator of a training run.
    private static ResNetModel CreateWithoutDrawing(ResNetOptions options)
    {
        using var generator = Generator.Default;
        using var state = generator.get_state();
        try
        {
            return new ResNetModel(options);
        }
        finally
        {
            generator.set_state(state);
        }
    }

    private static void CopyWeights(ResNetModel network, ResNetModel folded)
    {
        var weights = network.state_dict();
        foreach (var (name, tensor) in folded.state_dict())
        {
            if (weights.TryGetValue(name, out var value)) tensor.copy_(value);
        }
        var norms = NormFinder.Find(network);
        var modules = folded.named_modules().ToDictionary(entry => entry.name, entry => entry.module);
        foreach (var (name, module) in network.named_modules())
        {
            if (module is Conv2d convolution && norms.TryGetValue(convolution, out var norm))
                Fold(convolution, norm, (Conv2d)modules[name]);
        }
    }

    // Computed in double precision, so that rounding happens once.
    private static void Fold(Conv2d source, Module norm, Conv2d target)
    {
        using var scope = NewDisposeScope();
        var (weight, bias, mean, variance, epsilon) = norm switch
        {
            BatchNorm2d batch => (batch.weight, batch.bias!, batch.running_mean!, batch.running_var!, batch.eps),
            FrozenBatchNorm2d frozen =>
                ((Tensor)frozen.weight, frozen.bias, frozen.running_mean, frozen.running_var, FrozenBatchNorm2d.Epsilon),
            _ => throw new InvalidOperationException($"A {norm.GetType().Name} cannot be folded into a convolution."),
        };
        var scale = weight.to(ScalarType.Float64) / variance.to(ScalarType.Float64).Plus(epsilon).sqrt_();
        target.weight.copy_(source.weight.to(ScalarType.Float64) * scale.reshape(-1, 1, 1, 1));
        target.bias!.copy_(bias.to(ScalarType.Float64) - (mean.to(ScalarType.Float64) * scale));
    }
}
