namespace ResNet.Training;

/// <summary>What is the case where a <see cref="RunFolderException"/> is thrown.</summary>
public enum RunFolderProblem
{
    /// <summary>Something else, which the message says.</summary>
    Other,

    /// <summary>There is no such folder.</summary>
    Missing,

    /// <summary>A new run needs another folder: this one has a run in it, which may be resumed.</summary>
    Occupied,

    /// <summary>A new run needs another folder: this one has files in it that are not a run's.</summary>
    Foreign,

    /// <summary>The folder cannot be written.</summary>
    Unwritable,
}
