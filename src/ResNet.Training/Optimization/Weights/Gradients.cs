using static TorchSharp.torch;

namespace ResNet.Training.Optimization.Weights;

/// <summary>Operations on all gradients together.</summary>
internal static class Gradients
{
    /// <summary>Whether all values are finite; waits for the device.</summary>
    internal static bool AreFinite(Tensor values)
    {
        using var scope = NewDisposeScope();
        // Either is NaN where any value is.
        return double.IsFinite(values.max().ReadDouble()) && double.IsFinite(values.min().ReadDouble());
    }

    // Which PyTorch adds to the norm that it divides by.
    private const double Epsilon = 1e-6;

    /// <summary>The Euclidean norm of all gradients.</summary>
    /// <returns>One number on the gradients' device, the caller's.</returns>
    internal static Tensor ComputeNorm(FlatWeights weights)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        // In parts, since one long sum of squares would lose digits in single precision.
        var parts = weights.Chunks().Select(chunk => weights.Gradients.narrow(0, chunk.Offset, chunk.Length).norm());
        return stack(parts).norm().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Scales all gradients down to a norm if theirs is larger, as
    /// <c>torch.nn.utils.clip_grad_norm_</c> does, without waiting for the device.
    /// </summary>
    /// <param name="weights">Whose gradients.</param>
    /// <param name="maxNorm">The largest norm, more than 0.</param>
    /// <returns>The norm before, one number on the gradients' device, the caller's.</returns>
    internal static Tensor Clip(FlatWeights weights, double maxNorm)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var norm = ComputeNorm(weights);
        weights.Gradients.mul_(norm.clone().AddInPlace(Epsilon).reciprocal_().MultiplyInPlace(maxNorm).LowerInPlace(1));
        return norm.MoveToOuterDisposeScope();
    }
}
