using ResNet.Core.Blocks;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Weights;

/// <summary>The initial weights of a new network. Other layers keep TorchSharp's initial weights.</summary>
internal static class InitialWeights
{
    /// <summary>Draws the weights of all convolutions as He et al. 2015 (https://arxiv.org/abs/1502.01852) over the fan-out.</summary>
    internal static void DrawConvolutions(Module network) => network.apply(module =>
    {
        if (module is Conv2d convolution)
            init.kaiming_normal_(convolution.weight, mode: init.FanInOut.FanOut, nonlinearity: init.NonlinearityType.ReLU);
    });

    /// <summary>Sets the last norm of a block's branch to zero, so that the block starts as its shortcut.</summary>
    /// <exception cref="InvalidOptionException">The block's norm has no weight.</exception>
    internal static void ZeroLastNorm(ResidualBlock block)
    {
        var weight = block.LastNorm?.get_parameter("weight") ?? throw new InvalidOptionException(
            nameof(ResNetOptions), nameof(ResNetOptions.ZeroInitLastNorm), true,
            $"false where the norm is {block.Options.Norm} and has no parameter named weight");
        init.zeros_(weight);
    }

    /// <summary>Makes the weights of a classifier smaller by the square root of the number of blocks.</summary>
    /// <remarks>
    /// If shortcuts have no norm, the outputs of all blocks add up, and features grow by this factor. Smaller weights keep the first loss
    /// at about ln(classes) at any depth.
    /// </remarks>
    internal static void ScaleClassifier(Linear classifier, int blocks)
    {
        using var _ = no_grad();
        classifier.weight.DivideInPlace(Math.Sqrt(blocks));
    }
}
