namespace ResNet.Training.TrainingLoop.Results;

/// <summary>The outcome of a run.</summary>
/// <param name="Epochs">The results of each complete epoch, including those before a resumption.</param>
/// <param name="Steps">The number of steps that changed the weights.</param>
/// <param name="Interrupted">Whether the run was stopped before its end.</param>
public sealed record TrainingOutcome(IReadOnlyList<EpochMetrics> Epochs, long Steps, bool Interrupted)
{
    /// <summary>Whether early stopping ended the run.</summary>
    public bool StoppedEarly { get; init; }

    /// <summary>The epoch with the highest top-1 accuracy, of the weights or of their average; null if none was evaluated.</summary>
    public BestEpoch? Best => BestEpoch.Of(Epochs);
}
