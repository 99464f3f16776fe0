namespace ResNet.Training.Optimization;

/// <summary>
/// A learning rate that rises linearly over the first steps (Goyal et al. 2017, https://arxiv.org/abs/1706.02677) and
/// then falls to zero along half a cosine (Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983).
/// </summary>
public sealed class WarmupCosineSchedule
{
    private readonly double _peak;
    private readonly long _steps;
    private readonly long _warmup;

    /// <summary>A schedule over a whole run.</summary>
    /// <param name="peak">The learning rate after the warm-up.</param>
    /// <param name="steps">Steps of the run, at least 1.</param>
    /// <param name="warmup">Steps of the warm-up, from 0 to <paramref name="steps"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public WarmupCosineSchedule(double peak, long steps, long warmup)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(warmup);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(warmup, steps);
        (_peak, _steps, _warmup) = (peak, steps, warmup);
    }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">The step's number, from 0.</param>
    public double At(long step) => step < _warmup
        ? _peak * (step + 1) / _warmup
        : _peak * 0.5 * (1 + Math.Cos(Math.PI * (step - _warmup) / Math.Max(1, _steps - _warmup)));
}
