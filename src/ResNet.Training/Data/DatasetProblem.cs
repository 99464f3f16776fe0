namespace ResNet.Training.Data;

/// <summary>The kind of problem of a <see cref="DatasetException"/>.</summary>
public enum DatasetProblem
{
    /// <summary>Another problem, which the message describes.</summary>
    Other,

    /// <summary>A folder has training images, but no evaluation images.</summary>
    NothingToEvaluateOn,

    /// <summary>A class has training images, but no evaluation images.</summary>
    ClassOnlyInTrain,

    /// <summary>A pack is damaged or incomplete, or the file is not a pack.</summary>
    UnusablePack,

    /// <summary>There is no such folder, or it is a file.</summary>
    Missing,
}
