using ResNet.Training.Optimization.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>
/// Dynamic loss scaling for float16 (Micikevicius et al. 2018), by the rule and with the defaults of PyTorch's <c>GradScaler</c>: the scale
/// starts at 65,536, halves with each step whose gradients are not finite and doubles after 2,000 steps in a row whose are.
/// </summary>
internal sealed class LossScaler : IDisposable
{
    private const double Growth = 2;
    private const double Backoff = 0.5;
    private const long Interval = 2000;

    private readonly Tensor _scale = tensor(65536.0, ScalarType.Float64).DetachFromDisposeScope();
    private readonly Tensor _finiteSteps = tensor(0L).DetachFromDisposeScope();
    private bool _finite = true;

    /// <summary>What losses are multiplied by now.</summary>
    internal double Factor => _scale.ReadDouble();

    /// <summary>The loss to take gradients of.</summary>
    internal Tensor Scale(Tensor loss)
    {
        using Scalar factor = Factor;
        return loss.mul(factor);
    }

    /// <summary>Divides the gradients by the scale. They are to be collected before.</summary>
    /// <returns>Whether all of them are finite, so that a step may be taken with them.</returns>
    internal bool Unscale(FlatWeights weights)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        weights.Gradients.MultiplyInPlace(1 / Factor);
        _finite = Gradients.AreFinite(weights.Gradients);
        return _finite;
    }

    /// <summary>
    /// Adapts the scale to what <see cref="Unscale"/> found: to be called once after it, whether a step was taken or not.
    /// </summary>
    internal void Update()
    {
        long finiteSteps = _finite ? _finiteSteps.ReadInt64() + 1 : 0;
        double scale = _finite ? Factor : Factor * Backoff;
        if (finiteSteps == Interval)
        {
            finiteSteps = 0;
            // PyTorch's scale is of single precision and stays where it would no longer be finite.
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
