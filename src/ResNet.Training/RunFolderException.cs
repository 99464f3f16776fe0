namespace ResNet.Training;

/// <summary>A folder is not that of a run, or cannot become one.</summary>
public sealed class RunFolderException : Exception
{
    /// <summary>An error of one sentence.</summary>
    public RunFolderException(string message, Exception? inner = null) : base(message, inner)
    {
    }

    /// <summary>What is the case, for whoever can offer a remedy.</summary>
    public RunFolderProblem Problem { get; internal init; }
}
