namespace ResNet.Training.TrainingLoop.Results;

/// <summary>The place where a run is resumed.</summary>
/// <param name="Checkpoint">The file of the checkpoint; null if there was none and the run starts from the beginning.</param>
/// <param name="Epoch">The current epoch, from 1.</param>
/// <param name="Step">The number of steps of the run so far.</param>
/// <param name="IsOver">Whether the run was already finished.</param>
/// <param name="Completed">The results of the completed epochs.</param>
public sealed record Resumption(string? Checkpoint, int Epoch, long Step, bool IsOver, IReadOnlyList<EpochMetrics> Completed);
