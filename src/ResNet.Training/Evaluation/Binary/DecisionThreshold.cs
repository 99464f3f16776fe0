namespace ResNet.Training.Evaluation.Binary;

/// <summary>A threshold that was chosen for a network of two classes, with its results on the images that it was chosen on.</summary>
public sealed record DecisionThreshold
{
    /// <summary>The positive class's name: it is predicted if its probability is at least <see cref="Threshold"/>.</summary>
    public required string PositiveClass { get; init; }

    /// <summary>The other class's name.</summary>
    public required string OtherClass { get; init; }

    /// <summary>The threshold, from 0 to 1.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public required double Threshold
    {
        get;
        init => field = Require.Probability(this, value);
    }

    /// <summary>The rule that chose it, as <see cref="ThresholdRule"/> writes it.</summary>
    public required string Rule { get; init; }

    /// <summary>The images that it was chosen on: a folder or a pack.</summary>
    public required string Dataset { get; init; }

    /// <summary>The number of these images.</summary>
    public required int Images { get; init; }

    /// <summary>The precision of the positive class on these images, from 0 to 1.</summary>
    public double Precision { get; init; }

    /// <summary>The recall of the positive class on these images, from 0 to 1.</summary>
    public double Recall { get; init; }

    /// <summary>Returns the class that is predicted for a probability of the positive class.</summary>
    /// <param name="probability">The probability, from 0 to 1.</param>
    public string Decide(double probability) => probability >= Threshold ? PositiveClass : OtherClass;
}
