namespace ResNet.Training.Optimization.Schedules;

/// <summary>
/// Falls to zero as a power of the remaining part, (1 − t/T)ᵖ, as PyTorch's <c>PolynomialLR</c> over the T steps after the warm-up.
/// </summary>
public sealed record PolynomialSchedule : LearningRateSchedule
{
    /// <summary>The power, more than 0. Default: 1, a straight line.</summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double Power
    {
        get;
        init => field = Require.Positive(this, value);
    } = 1;

    private protected override double AfterWarmup(long step, double warmup, long steps) =>
        Math.Pow(1 - ((step - warmup) / (steps - warmup)), Power);
}
