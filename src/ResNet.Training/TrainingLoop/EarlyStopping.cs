using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.TrainingLoop;

/// <summary>Ends a run whose top-1 accuracy no longer rises. A bad value is refused when it is set.</summary>
public sealed record EarlyStopping
{
    /// <summary>The number of evaluations without a new best top-1 accuracy after which the run ends, at least 1. Default: 5.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Patience
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 5;

    /// <summary>
    /// The minimum gain over the best accuracy that counts as better, in percentage points, at least 0. Default: 0.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is negative.</exception>
    public double MinimumGain
    {
        get;
        init => field = Require.AtLeast(this, value, 0);
    }

    /// <summary>Finds the accuracy to beat in all epochs so far, and the number of evaluations since then.</summary>
    /// <param name="epochs">The epochs.</param>
    /// <param name="after">The number of epochs before the run's last extension, whose evaluations do not count.</param>
    internal (double? ToBeat, int Evaluations) Look(IEnumerable<EpochMetrics> epochs, int after = 0)
    {
        double? toBeat = null;
        int evaluations = 0;
        foreach (var epoch in epochs)
        {
            if (BestEpoch.Of([epoch]) is not { Top1: var top1 }) continue;
            bool gained = toBeat is null || top1 > toBeat + MinimumGain;
            if (gained) toBeat = top1;
            evaluations = gained || epoch.Epoch <= after ? 0 : evaluations + 1;
        }
        return (toBeat, evaluations);
    }
}
