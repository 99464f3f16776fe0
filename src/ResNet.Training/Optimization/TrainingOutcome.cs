namespace ResNet.Training.Optimization;

/// <summary>How a run ended.</summary>
/// <param name="Epochs">What came out of each whole epoch.</param>
/// <param name="Steps">Batches the network learned from.</param>
/// <param name="Interrupted">Whether it was stopped before its end.</param>
public sealed record TrainingOutcome(IReadOnlyList<EpochMetrics> Epochs, long Steps, bool Interrupted);
