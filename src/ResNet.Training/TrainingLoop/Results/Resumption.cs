namespace ResNet.Training.TrainingLoop.Results;

/// <summary>Where a run goes on.</summary>
/// <param name="Checkpoint">The file it goes on from; null where there was none and it begins anew.</param>
/// <param name="Epoch">The epoch that is under way, from 1.</param>
/// <param name="Step">Steps of the run so far.</param>
/// <param name="IsOver">Whether the run was at its end already.</param>
/// <param name="Completed">What came out of the epochs before.</param>
public sealed record Resumption(string? Checkpoint, int Epoch, long Step, bool IsOver, IReadOnlyList<EpochMetrics> Completed);
