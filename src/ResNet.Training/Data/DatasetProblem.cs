namespace ResNet.Training.Data;

/// <summary>What is the case where a <see cref="DatasetException"/> is thrown.</summary>
public enum DatasetProblem
{
    /// <summary>Something else, which the message says.</summary>
    Other,

    /// <summary>A folder has images to train on, but none to evaluate on.</summary>
    NothingToEvaluateOn,

    /// <summary>A pack is damaged, not whole, or no pack.</summary>
    UnusablePack,
}
