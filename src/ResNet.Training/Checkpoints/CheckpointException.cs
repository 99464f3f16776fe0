namespace ResNet.Training.Checkpoints;

/// <summary>A checkpoint cannot be used.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Makes an error with a message of one sentence.</summary>
    public CheckpointException(string message, Exception? inner = null) : base(message, inner)
    {
    }

    /// <summary>The file, or the folder of several files; null if there is neither.</summary>
    public string? Path { get; private init; }

    /// <summary>
    /// Whether the file's content has changed since it was written, so that the previous checkpoint is used. False if the file may be
    /// intact but cannot be used: permissions, memory, another network, or another version.
    /// </summary>
    public bool IsDamaged { get; private init; }

    /// <summary>Makes an error for a file whose content has changed since it was written.</summary>
    /// <param name="path">The file, or the folder of several.</param>
    /// <param name="problem">The problem, as the part of the sentence after the file's name.</param>
    /// <param name="inner">The cause.</param>
    internal static CheckpointException Damaged(string path, string problem, Exception? inner = null) =>
        new(Sentence(path, problem), inner) { Path = path, IsDamaged = true };

    /// <summary>Makes an error for a file that may be intact.</summary>
    /// <inheritdoc cref="Damaged" path="/param"/>
    internal static CheckpointException Unusable(string path, string problem, Exception? inner = null) =>
        new(Sentence(path, problem), inner) { Path = path };

    private static string Sentence(string path, string problem) => $"The checkpoint '{path}' {problem}.";
}
