namespace ResNet.Training;

/// <summary>A folder is not a run folder, or cannot become one.</summary>
public sealed class RunFolderException : Exception
{
    /// <summary>Makes an error with a message of one sentence.</summary>
    public RunFolderException(string message, Exception? inner = null) : base(message, inner)
    {
    }

    /// <summary>The kind of problem, so that a caller can offer a remedy.</summary>
    public RunFolderProblem Problem { get; internal init; }
}
