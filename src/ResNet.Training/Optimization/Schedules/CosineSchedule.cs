namespace ResNet.Training.Optimization.Schedules;

/// <summary>
/// Falls along half a cosine (Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983),
/// as PyTorch's <c>CosineAnnealingLR</c> over the steps after the warm-up.
/// </summary>
public sealed record CosineSchedule : LearningRateSchedule
{
    /// <summary>The factor after the last step, from 0 to 1. Default: 0.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Final
    {
        get;
        init => field = Require.Probability(this, value);
    }

    private protected override double AfterWarmup(long step, double warmup, long steps) =>
        Final + ((1 - Final) * 0.5 * (1 + Math.Cos(Math.PI * (step - warmup) / (steps - warmup))));
}
