namespace ResNet.Training;

/// <summary>
/// An exponential moving average of the weights and norm statistics, evaluated beside them. A bad value is refused when it is set.
/// </summary>
/// <remarks>
/// As in torchvision's reference (<c>references/classification/train.py</c>): it is brought up to date every <see cref="EverySteps"/>
/// steps, the decay is adjusted to images of a batch and epochs so that it means the same for runs of other lengths, and until the warm-up
/// is over it is the weights themselves.
/// </remarks>
public sealed record AverageOptions
{
    /// <summary>
    /// How much of the average stays at each update, before the adjustment; more than 0 and less than 1. Default: 0.99998.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Decay
    {
        get;
        init => field = Require.That(this, value, value is > 0 and < 1, "more than 0 and less than 1");
    } = 0.99998;

    /// <summary>Steps from one update to the next, at least 1. Default: 32.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int EverySteps
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 32;

    /// <summary>
    /// The decay of a run: 1 − min(1, (1 − <see cref="Decay"/>) · batch · <see cref="EverySteps"/> / epochs).
    /// </summary>
    /// <param name="batchSize">Images of a step.</param>
    /// <param name="epochs">Epochs of the run; may be a fraction.</param>
    public double AdjustedDecay(double batchSize, double epochs) => 1 - Math.Min(1, (1 - Decay) * batchSize * EverySteps / epochs);
}
