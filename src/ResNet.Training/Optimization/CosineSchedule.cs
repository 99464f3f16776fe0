namespace ResNet.Training.Optimization;

/// <summary>Falls to zero along half a cosine (Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983).</summary>
public sealed record CosineSchedule : LearningRateSchedule
{
    private protected override double AfterWarmup(long step, long steps) => 0.5 * (1 + Math.Cos(Math.PI * step / steps));
}
