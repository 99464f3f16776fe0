namespace ResNet.Training.TrainingLoop.Results;

/// <summary>The place where a run is resumed.</summary>
/// <param name="Checkpoint">The file that it is resumed from; null where there was none and the run begins anew.</param>
/// <param name="Epoch">The current epoch, from 1.</param>
/// <param name="Step">Steps of the run so far.</param>
/// <param name="IsOver">Whether the run was at its end already.</param>
/// <param name="Completed">The results of the epochs before.</param>
public sealed record Resumption(string? Checkpoint, int Epoch, long Step, bool IsOver, IReadOnlyList<EpochMetrics> Completed);
