namespace ResNet.Training.Optimization.Schedules;

/// <summary>
/// Falls by the same factor at each milestone, as in the paper (He et al. 2015) and in PyTorch's <c>MultiStepLR</c>. With milestones at
/// equal distances it equals <c>StepLR</c>.
/// </summary>
public sealed record StepSchedule : LearningRateSchedule
{
    /// <summary>
    /// The milestones, as fractions of the whole run including the warm-up, each more than 0 and less than 1, in increasing order. From
    /// step round(fraction · steps) on, counted from 0, the factor is smaller; a milestone within the warm-up takes effect at its end.
    /// Default: 1/3, 2/3, as in epochs 30 and 60 of 90.
    /// </summary>
    /// <exception cref="InvalidOptionException">A part is out of its range, or they do not increase.</exception>
    public IReadOnlyList<double> Milestones
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = [.. Require.That(this, value, IncreaseWithin(value), "increasing parts of the run, each more than 0 and less than 1")];
        }
    } = [1 / 3.0, 2 / 3.0];

    /// <summary>The factor of the learning rate at each milestone, more than 0. Default: 0.1.</summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double Gamma
    {
        get;
        init => field = Require.Positive(this, value);
    } = 0.1;

    /// <summary>Returns whether the other schedule has the same options, with the same values of the milestones.</summary>
    public bool Equals(StepSchedule? other) =>
        base.Equals(other) && Gamma.Equals(other.Gamma) && Milestones.SequenceEqual(other.Milestones);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Gamma, Milestones.Count);

    private protected override double AfterWarmup(long step, double warmup, long steps) =>
        Math.Pow(Gamma, Milestones.Count(part => Math.Round(part * steps) <= step));

    private static bool IncreaseWithin(IReadOnlyList<double> parts)
    {
        double former = 0;
        foreach (double part in parts)
        {
            // This form also refuses NaN.
            if (!(part > former && part < 1)) return false;
            former = part;
        }
        return true;
    }
}
