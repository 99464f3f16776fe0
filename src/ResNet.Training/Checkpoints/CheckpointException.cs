namespace ResNet.Training.Checkpoints;

/// <summary>A checkpoint cannot be used.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>An error of one sentence that begins with the file.</summary>
    /// <param name="path">The file, or the folder of several.</param>
    /// <param name="problem">What is wrong with it, to be read after its name.</param>
    /// <param name="isDamaged">Whether the file is not what was written, so that the checkpoint before it is to be used.</param>
    /// <param name="inner">What it came from.</param>
    public CheckpointException(string path, string problem, bool isDamaged, Exception? inner = null)
        : base($"The checkpoint '{path}' {problem}.", inner) => (Path, IsDamaged) = (path, isDamaged);

    /// <summary>The file, or the folder of several.</summary>
    public string Path { get; }

    /// <summary>
    /// Whether the file is not what was written, so that the checkpoint before it is to be used. False where it may be sound, but cannot be
    /// read here and now: permissions, memory, or a newer library that wrote it.
    /// </summary>
    public bool IsDamaged { get; }
}
