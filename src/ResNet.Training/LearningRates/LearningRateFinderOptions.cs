using ResNet.Training.Optimization;

namespace ResNet.Training.LearningRates;

/// <summary>The options of a <see cref="LearningRateFinder"/>. A bad value is refused when it is set.</summary>
public sealed record LearningRateFinderOptions
{
    /// <summary>The learning rate of the first step, more than 0. Default: null, 10⁻⁵ for <see cref="Sgd"/>, else 10⁻⁶.</summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double? From
    {
        get;
        init => field = Require.Positive(this, value);
    }

    /// <summary>
    /// The learning rate of the last step, more than <see cref="From"/>. Default: null, 10 for <see cref="Sgd"/>, else 1.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double? To
    {
        get;
        init => field = Require.Positive(this, value);
    }

    /// <summary>The number of steps, at least 10. More steps than an epoch has go through the images again. Default: 100.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 10.</exception>
    public int Steps
    {
        get;
        init => field = Require.AtLeast(this, value, 10);
    } = 100;

    /// <summary>
    /// The part of the average loss that stays in each step, at least 0 and less than 1. The average is divided by 1 − smoothingⁿ after n
    /// steps, which corrects its start at zero. Default: 0.9.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Smoothing
    {
        get;
        init => field = Require.Part(this, value);
    } = 0.9;

    /// <summary>The test stops when the smoothed loss is more than this times its lowest value, more than 1. Default: 4.</summary>
    /// <exception cref="InvalidOptionException">The value is not more than 1.</exception>
    public double StopAt
    {
        get;
        init => field = Require.That(this, value, value > 1, "more than 1");
    } = 4;

    /// <summary>Returns the first and the last learning rate.</summary>
    /// <param name="optimizer">The optimizer, which decides the rates that are null.</param>
    /// <exception cref="InvalidOptionException">The first learning rate is not less than the last one.</exception>
    public (double From, double To) Range(OptimizerOptions optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        var (first, last) = optimizer is Sgd ? (1e-5, 10) : (1e-6, 1);
        var (from, to) = (From ?? first, To ?? last);
        if (To is null) Require.That(this, from, from < to, $"less than {to}", nameof(From));
        Require.That(this, to, from < to, $"more than {from}", nameof(To));
        return (from, to);
    }
}
