namespace ResNet.Training.Checkpoints;

/// <summary>A checkpoint cannot be used.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>An error of one sentence.</summary>
    public CheckpointException(string message, Exception? inner = null) : base(message, inner)
    {
    }

    /// <summary>The file, or the folder of several files; null where there is neither.</summary>
    public string? Path { get; private init; }

    /// <summary>
    /// Whether the file's content has changed since it was written, so that the checkpoint before it is used. False where it may be
    /// sound but cannot be used: permissions, memory, another network, or another version.
    /// </summary>
    public bool IsDamaged { get; private init; }

    /// <summary>A file whose content is not what was written.</summary>
    /// <param name="path">The file, or the folder of several.</param>
    /// <param name="problem">What is wrong with it, to be read after its name.</param>
    /// <param name="inner">What it came from.</param>
    internal static CheckpointException Damaged(string path, string problem, Exception? inner = null) =>
        new(Sentence(path, problem), inner) { Path = path, IsDamaged = true };

    /// <summary>A file that may be sound.</summary>
    /// <inheritdoc cref="Damaged" path="/param"/>
    internal static CheckpointException Unusable(string path, string problem, Exception? inner = null) =>
        new(Sentence(path, problem), inner) { Path = path };

    private static string Sentence(string path, string problem) => $"The checkpoint '{path}' {problem}.";
}
