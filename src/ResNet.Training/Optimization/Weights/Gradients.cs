using ResNet.Core;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization.Weights;

/// <summary>Operations on all gradients together.</summary>
internal static class Gradients
{
    /// <summary>Returns whether all values are finite; waits for the device.</summary>
    internal static bool AreFinite(Tensor values)
    {
        using var scope = NewDisposeScope();
        // Maximum and minimum are NaN if any value is NaN.
        return double.IsFinite(values.max().ReadDouble()) && double.IsFinite(values.min().ReadDouble());
    }

    // PyTorch adds this to the norm before dividing by it.
    private const double Epsilon = 1e-6;

    /// <summary>Computes the Euclidean norm of all gradients.</summary>
    /// <returns>One number on the gradients' device, which the caller disposes.</returns>
    internal static Tensor ComputeNorm(FlatWeights weights)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        // In parts, because one long sum of squares would lose digits in single precision.
        var parts = weights.Chunks().Select(chunk => weights.Gradients.narrow(0, chunk.Offset, chunk.Length).norm());
        return stack(parts).norm().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Scales all gradients down to a maximum norm, as <c>torch.nn.utils.clip_grad_norm_</c> does, without waiting for the device.
    /// </summary>
    /// <param name="weights">The weights with the gradients.</param>
    /// <param name="maxNorm">The maximum norm, more than 0.</param>
    /// <returns>The former norm, one number on the gradients' device, which the caller disposes.</returns>
    internal static Tensor Clip(FlatWeights weights, double maxNorm)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var norm = ComputeNorm(weights);
        weights.Gradients.mul_(norm.clone().AddInPlace(Epsilon).reciprocal_().MultiplyInPlace(maxNorm).LowerInPlace(1));
        return norm.MoveToOuterDisposeScope();
    }
}
