namespace ResNet.Training.Evaluation;

/// <summary>How a network is evaluated. A bad value is refused when it is set.</summary>
public sealed record EvaluatorOptions
{
    /// <summary>
    /// Whether each image is also evaluated mirrored, left to right; the mean of the two probabilities counts, as Krizhevsky et al.
    /// 2012 average those of an image's crops. Takes twice the time. Default: false.
    /// </summary>
    public bool Flips { get; init; }

    /// <summary>How many of the most confident mistakes are named, at least 0. Default: 12.</summary>
    /// <exception cref="InvalidOptionException">The value is negative.</exception>
    public int MistakeCount
    {
        get;
        init => field = Require.AtLeast(this, value, 0);
    } = 12;
}
