using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// Batch normalisation with fixed weight, bias, mean and variance, also in training:
/// <c>(x − running_mean) / √(running_var + 10⁻⁵) · weight + bias</c> (torchvision/ops/misc.py). All four are buffers
/// with the names that <c>BatchNorm2d</c> gives them, so no optimizer changes them.
/// </summary>
public sealed class FrozenBatchNorm2d : Module<Tensor, Tensor>
{
    internal const double Epsilon = 1e-5;

    internal readonly Tensor weight;
    internal readonly Tensor bias;
    internal readonly Tensor running_mean;
    internal readonly Tensor running_var;

    /// <summary>Makes a norm with weight 1, bias 0, mean 0 and variance 1, on the CPU.</summary>
    /// <param name="channels">Channels of its input.</param>
    public FrozenBatchNorm2d(int channels) : base(nameof(FrozenBatchNorm2d))
    {
        // A module outlives the dispose scope in which it is made.
        weight = ones(channels).DetachFromDisposeScope();
        bias = zeros(channels).DetachFromDisposeScope();
        running_mean = zeros(channels).DetachFromDisposeScope();
        running_var = ones(channels).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>Normalises.</summary>
    /// <param name="input"><c>[N, channels, H, W]</c>, left as it is.</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor input) =>
        functional.batch_norm(input, running_mean, running_var, weight, bias, training: false, eps: Epsilon);
}
