namespace ResNet.Training.Optimization.Schedules;

/// <summary>Rises by the same factor with each step, to the peak in the last one, for a test of learning rates.</summary>
/// <param name="First">The factor of the first step, more than 0 and less than 1.</param>
internal sealed record ExponentialSchedule(double First) : LearningRateSchedule
{
    private protected override double AfterWarmup(long step, double warmup, long steps) =>
        steps == 1 ? 1 : Math.Pow(First, 1 - (step / (steps - 1.0)));
}
