namespace ResNet.Training.TrainingLoop.Results;

/// <summary>How a run ended.</summary>
/// <param name="Epochs">The results of each whole epoch, those before a resumption included.</param>
/// <param name="Steps">Steps that changed the weights.</param>
/// <param name="Interrupted">Whether it was stopped before its end.</param>
public sealed record TrainingOutcome(IReadOnlyList<EpochMetrics> Epochs, long Steps, bool Interrupted)
{
    /// <summary>Whether early stopping ended it.</summary>
    public bool StoppedEarly { get; init; }

    /// <summary>The epoch with the highest top-1 accuracy, of the weights or of their average; null where none was evaluated.</summary>
    public BestEpoch? Best => BestEpoch.Of(Epochs);
}
