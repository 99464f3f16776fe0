namespace ResNet.Training.Optimization.Schedules;

/// <summary>Stays at the peak after the warm-up.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    private protected override double AfterWarmup(long step, double warmup, long steps) => 1;
}
