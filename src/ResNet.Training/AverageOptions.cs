namespace ResNet.Training;

/// <summary>
/// An exponential moving average of the weights and norm statistics; both are evaluated. A bad value is refused when it is set.
/// </summary>
/// <remarks>
/// As in torchvision's reference (<c>references/classification/train.py</c>), the average is updated every <see cref="EverySteps"/> steps,
/// and its decay is adjusted to batch size and epochs, so that it has the same effect in runs of other lengths. During the warm-up, the
/// average equals the weights.
/// </remarks>
public sealed record AverageOptions
{
    /// <summary>
    /// The part of the average that stays in an update, before the adjustment; more than 0 and less than 1. Default: 0.99998.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Decay
    {
        get;
        init => field = Require.That(this, value, value is > 0 and < 1, "more than 0 and less than 1");
    } = 0.99998;

    /// <summary>The number of steps between updates, at least 1. Default: 32.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int EverySteps
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 32;

    /// <summary>
    /// Returns the decay of a run: 1 − min(1, (1 − <see cref="Decay"/>) · batch · <see cref="EverySteps"/> / epochs).
    /// </summary>
    /// <param name="batchSize">The number of images of a step.</param>
    /// <param name="epochs">The number of epochs of the run; may be a fraction.</param>
    public double AdjustedDecay(double batchSize, double epochs) => 1 - Math.Min(1, (1 - Decay) * batchSize * EverySteps / epochs);
}
