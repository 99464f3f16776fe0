using System.Text.Json.Serialization;

namespace ResNet.Training.Optimization.Schedules;

/// <summary>
/// The course of the learning rate over a run: a linear warm-up (Goyal et al. 2017, https://arxiv.org/abs/1706.02677), then a curve that
/// depends on the kind of schedule. All lengths are fractions of the run, so the number of epochs alone changes the length of a recipe.
/// </summary>
/// <remarks>
/// Factors are those of PyTorch's schedulers with one call per step: a warm-up of <c>w</c> of <c>n</c> steps that starts at <c>s</c> is
/// <c>LinearLR(start_factor=s, total_iters=w)</c>, followed at step <c>w</c> by the scheduler that the kind of schedule names.
/// </remarks>
[JsonDerivedType(typeof(ConstantSchedule), "constant")]
[JsonDerivedType(typeof(CosineSchedule), "cosine")]
[JsonDerivedType(typeof(OneCycleSchedule), "one-cycle")]
[JsonDerivedType(typeof(PolynomialSchedule), "polynomial")]
[JsonDerivedType(typeof(StepSchedule), "step")]
public abstract record LearningRateSchedule
{
    private protected LearningRateSchedule()
    {
    }

    /// <summary>The fraction of all steps in which the learning rate rises to its peak, from 0 to 1. Default: 0, no warm-up.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Warmup
    {
        get;
        init => field = Require.Probability(this, value);
    }

    /// <summary>
    /// The factor of a warm-up's first step, from 0 to 1; the first step after it has the factor 1. Default: 0, with the factors 1/w, 2/w,
    /// … 1 for w steps, so that the first step is not without effect and the last step has reached the peak.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double WarmupStart
    {
        get;
        init => field = Require.Probability(this, value);
    }

    /// <summary>Returns the factor of the learning rate in a step, 1 at the peak.</summary>
    /// <param name="step">The step's number, from 0 to <paramref name="steps"/> - 1.</param>
    /// <param name="steps">The number of steps of the run, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public double Factor(long step, long steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, steps);
        return At(step, steps);
    }

    /// <summary>Returns the factor of a valid step.</summary>
    private protected virtual double At(long step, long steps)
    {
        long warmup = (long)Math.Round(Warmup * steps);
        if (step >= warmup) return AfterWarmup(step, warmup, steps);
        return WarmupStart == 0 ? (step + 1.0) / warmup : WarmupStart + ((1 - WarmupStart) * step / warmup);
    }

    /// <summary>Returns the factor of a step after the warm-up.</summary>
    /// <param name="step">From <paramref name="warmup"/> to <paramref name="steps"/> - 1.</param>
    /// <param name="warmup">The end of the warm-up in steps, less than <paramref name="steps"/>.</param>
    /// <param name="steps">The number of steps of the run.</param>
    private protected abstract double AfterWarmup(long step, double warmup, long steps);
}
