namespace ResNet.Training;

/// <summary>The kind of problem of a <see cref="RunFolderException"/>.</summary>
public enum RunFolderProblem
{
    /// <summary>Another problem, which the message describes.</summary>
    Other,

    /// <summary>There is no such folder.</summary>
    Missing,

    /// <summary>A new run needs another folder: this folder has a run, which can be resumed.</summary>
    Occupied,

    /// <summary>A new run needs another folder: this folder has files that are not a run's.</summary>
    Foreign,

    /// <summary>The folder is not writable.</summary>
    Unwritable,

    /// <summary>The run is not finished: it can be resumed.</summary>
    Unfinished,
}
