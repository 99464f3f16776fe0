namespace ResNet.Training.Checkpoints;

/// <summary>A written checkpoint.</summary>
/// <param name="Path">The file.</param>
/// <param name="Step">The number of steps of the run so far.</param>
/// <param name="IsBest">Whether this is also the best checkpoint so far.</param>
/// <param name="Time">The time for writing it.</param>
public readonly record struct SavedCheckpoint(string Path, long Step, bool IsBest, TimeSpan Time);
