using System.Text.Json.Serialization;

namespace ResNet.Training.Optimization;

/// <summary>
/// How the learning rate changes over a run: a linear warm-up (Goyal et al. 2017, https://arxiv.org/abs/1706.02677), then what the kind of
/// schedule says. All lengths are parts of the run, so that a recipe can be made longer or shorter by its epochs alone.
/// </summary>
[JsonDerivedType(typeof(CosineSchedule), "cosine")]
public abstract record LearningRateSchedule
{
    private protected LearningRateSchedule()
    {
    }

    /// <summary>The part of all steps over which the learning rate rises to its peak, from 0 to 1. Default: 0, none.</summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public double Warmup
    {
        get;
        init => field = Require.Probability(value, $"{GetType().Name}.{nameof(Warmup)}");
    }

    /// <summary>The factor that stands for the learning rate of a step, 1 at the peak.</summary>
    /// <param name="step">The step's number, from 0 to <paramref name="steps"/> - 1.</param>
    /// <param name="steps">Steps of the run, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public double Factor(long step, long steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, steps);
        long warmup = (long)Math.Round(Warmup * steps);
        return step < warmup ? (step + 1.0) / warmup : AfterWarmup(step - warmup, Math.Max(1, steps - warmup));
    }

    /// <summary>The factor of a step after the warm-up.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="steps">How many there are after the warm-up.</param>
    private protected abstract double AfterWarmup(long step, long steps);
}
