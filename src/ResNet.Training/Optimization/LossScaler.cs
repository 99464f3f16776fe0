using ResNet.Core;
using ResNet.Training.Optimization.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>
/// Dynamic loss scaling for float16 (Micikevicius et al. 2018), with the rule and defaults of PyTorch's <c>GradScaler</c>: the scale starts
/// at 65,536, halves if the gradients of a step are not finite, and doubles after 2,000 consecutive steps with finite gradients.
/// </summary>
internal sealed class LossScaler : IDisposable
{
    private const double Growth = 2;
    private const double Backoff = 0.5;
    private const long Interval = 2000;

    private readonly Tensor _scale = tensor(65536.0, ScalarType.Float64).DetachFromDisposeScope();
    private readonly Tensor _finiteSteps = tensor(0L).DetachFromDisposeScope();
    private bool _finite = true;

    /// <summary>The current scale, the factor of losses.</summary>
    internal double Factor => _scale.ReadDouble();

    /// <summary>Returns the scaled loss, whose gradients are computed.</summary>
    internal Tensor Scale(Tensor loss)
    {
        using Scalar factor = Factor;
        return loss.mul(factor);
    }

    /// <summary>Divides the gradients by the scale. Call <see cref="FlatWeights.CollectGradients"/> before.</summary>
    /// <returns>Whether all gradients are finite, so that the weights may be updated.</returns>
    internal bool Unscale(FlatWeights weights)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        weights.Gradients.MultiplyInPlace(1 / Factor);
        _finite = Gradients.AreFinite(weights.Gradients);
        return _finite;
    }

    /// <summary>
    /// Adapts the scale to the result of <see cref="Unscale"/>. Call it once after that, even if the step is skipped.
    /// </summary>
    internal void Update()
    {
        long finiteSteps = _finite ? _finiteSteps.ReadInt64() + 1 : 0;
        double scale = _finite ? Factor : Factor * Backoff;
        if (finiteSteps == Interval)
        {
            finiteSteps = 0;
            // PyTorch's scale has single precision and does not grow beyond its finite range.
            if (float.IsFinite((float)(scale * Growth))) scale *= Growth;
        }
        _scale.FillInPlace(scale);
        _finiteSteps.FillInPlace(finiteSteps);
    }

    /// <summary>The state for checkpoints. Loading copies into these tensors.</summary>
    internal IReadOnlyList<(string Name, Tensor Tensor)> State() => [("scaler.scale", _scale), ("scaler.finite_steps", _finiteSteps)];

    public void Dispose()
    {
        _scale.Dispose();
        _finiteSteps.Dispose();
    }
}
