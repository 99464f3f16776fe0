namespace ResNet.Training.Checkpoints;

/// <summary>A checkpoint that was written.</summary>
/// <param name="Path">The file.</param>
/// <param name="Step">Steps of the run until then.</param>
/// <param name="IsBest">Whether it is the best one so far too.</param>
/// <param name="Time">What it took.</param>
public readonly record struct SavedCheckpoint(string Path, long Step, bool IsBest, TimeSpan Time);
