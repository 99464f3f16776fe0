namespace ResNet.Training.Optimization;

/// <summary>How a network is trained. A bad value is refused when it is set. The defaults suit ResNet-18 on small images.</summary>
public sealed record TrainerOptions
{
    /// <summary>Passes over the training images, at least 1. Default: 1.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Epochs
    {
        get;
        init => field = Checked(value, value >= 1, nameof(Epochs), "at least 1");
    } = 1;

    /// <summary>The highest learning rate, more than 0. Default: 0.05.</summary>
    /// <exception cref="ArgumentException">The value is not a positive number.</exception>
    public double LearningRate
    {
        get;
        init => field = Checked(value, value > 0 && double.IsFinite(value), nameof(LearningRate), "more than 0");
    } = 0.05;

    /// <summary>Nesterov momentum, more than 0 and less than 1. Default: 0.9.</summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public double Momentum
    {
        get;
        init => field = Checked(value, value is > 0 and < 1, nameof(Momentum), "more than 0 and less than 1");
    } = 0.9;

    /// <summary>Weight decay (the L2 penalty's factor), at least 0. Default: 5·10⁻⁴.</summary>
    /// <exception cref="ArgumentException">The value is negative or not finite.</exception>
    public double WeightDecay
    {
        get;
        init => field = Checked(value, value >= 0 && double.IsFinite(value), nameof(WeightDecay), "at least 0");
    } = 5e-4;

    /// <summary>The part of all steps over which the learning rate rises, from 0 to 1. Default: 0.1.</summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public double Warmup
    {
        get;
        init => field = Checked(value, value is >= 0 and <= 1, nameof(Warmup), "from 0 to 1");
    } = 0.1;

    /// <summary>The part of a label that is spread evenly over all classes (Szegedy et al. 2016), at least 0 and less than 1. Default: 0.1.</summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public double LabelSmoothing
    {
        get;
        init => field = Checked(value, value is >= 0 and < 1, nameof(LabelSmoothing), "at least 0 and less than 1");
    } = 0.1;

    private static T Checked<T>(T value, bool accepted, string property, string range) where T : IFormattable => accepted
        ? value
        : throw new ArgumentException(
            $"{nameof(TrainerOptions)}.{property} is {value.ToString(null, System.Globalization.CultureInfo.InvariantCulture)}, but has to be {range}.", property);
}
