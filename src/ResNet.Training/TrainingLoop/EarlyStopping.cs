using ResNet.Imaging;

namespace ResNet.Training.TrainingLoop;

/// <summary>Ends a run whose top-1 accuracy no longer rises. A bad value is refused when it is set.</summary>
public sealed record EarlyStopping
{
    /// <summary>Evaluations in a row without a new best top-1 accuracy after which the run ends, at least 1. Default: 5.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Patience
    {
        get;
        init => field = Require.AtLeast(value, 1, $"{nameof(EarlyStopping)}.{nameof(Patience)}");
    } = 5;

    /// <summary>By how many percentage points an accuracy has to be above the best one to count as better, at least 0. Default: 0.</summary>
    /// <exception cref="ArgumentException">The value is negative.</exception>
    public double MinimumGain
    {
        get;
        init => field = Require.AtLeast(value, 0, $"{nameof(EarlyStopping)}.{nameof(MinimumGain)}");
    }
}
