namespace ResNet.Training.Optimization;

/// <summary>
/// The common options of <see cref="AdamW"/> and <see cref="Lamb"/>, for running means of the gradients and of their squares (Kingma and
/// Ba 2015, https://arxiv.org/abs/1412.6980).
/// </summary>
public abstract record AdaptiveOptimizerOptions : OptimizerOptions
{
    private protected AdaptiveOptimizerOptions(double learningRate, double weightDecay, double epsilon)
        : base(learningRate, weightDecay) => Epsilon = epsilon;

    /// <summary>The decay of the mean of gradients per step, at least 0 and less than 1. Default: 0.9.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Beta1
    {
        get;
        init => field = Require.Part(this, value);
    } = 0.9;

    /// <summary>The decay of the mean of squared gradients per step, at least 0 and less than 1. Default: 0.999.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Beta2
    {
        get;
        init => field = Require.Part(this, value);
    } = 0.999;

    /// <summary>
    /// The number that is added to the divisor, more than 0. Default: 10⁻⁸ for <see cref="AdamW"/>, 10⁻⁶ for <see cref="Lamb"/>.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double Epsilon
    {
        get;
        init => field = Require.Positive(this, value);
    }
}
