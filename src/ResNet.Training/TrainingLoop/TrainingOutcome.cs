namespace ResNet.Training.TrainingLoop;

/// <summary>How a run ended.</summary>
/// <param name="Epochs">What came out of each whole epoch, those before a resumption included.</param>
/// <param name="Steps">Steps in which the network learned.</param>
/// <param name="Interrupted">Whether it was stopped before its end.</param>
public sealed record TrainingOutcome(IReadOnlyList<EpochMetrics> Epochs, long Steps, bool Interrupted)
{
    /// <summary>Whether it ended early because it got no better.</summary>
    public bool StoppedEarly { get; init; }

    /// <summary>The epoch with the highest top-1 accuracy, of the weights or of their average; null where none was evaluated.</summary>
    public EpochMetrics? Best { get; init; }
}
