namespace ResNet.Training.Optimization.Schedules;

/// <summary>
/// Rises to the peak and falls far below its start, both along half a cosine (Smith and Topin 2018, https://arxiv.org/abs/1708.07120), as
/// PyTorch's <c>OneCycleLR</c> with two phases. The momentum stays constant, as with PyTorch's <c>cycle_momentum=False</c>.
/// </summary>
/// <remarks>
/// <see cref="LearningRateSchedule.Warmup"/> is the fraction of the run with a rising rate, 0.3 by default (<c>pct_start</c>), and
/// <see cref="LearningRateSchedule.WarmupStart"/> the factor of the first step, 1/25 by default (1/<c>div_factor</c>).
/// </remarks>
public sealed record OneCycleSchedule : LearningRateSchedule
{
    /// <summary>Makes a schedule with PyTorch's defaults.</summary>
    public OneCycleSchedule() => (Warmup, WarmupStart) = (0.3, 1 / 25.0);

    /// <summary>The factor of the last step, from 0 to 1. Default: 4·10⁻⁶, 10⁻⁴ of the first step's (<c>final_div_factor</c>).</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Final
    {
        get;
        init => field = Require.Probability(this, value);
    } = 1 / 25.0 / 1e4;

    // The peak has PyTorch's position, which is usually between two steps.
    private protected override double At(long step, long steps)
    {
        double peak = Math.Max(0, (Warmup * steps) - 1);
        return step < peak ? Anneal(WarmupStart, 1, step / peak) : AfterWarmup(step, peak, steps);
    }

    private protected override double AfterWarmup(long step, double warmup, long steps) =>
        warmup < steps - 1 ? Anneal(1, Final, (step - warmup) / (steps - 1 - warmup)) : 1;

    private static double Anneal(double from, double to, double part) => to + ((from - to) * 0.5 * (1 + Math.Cos(Math.PI * part)));
}
