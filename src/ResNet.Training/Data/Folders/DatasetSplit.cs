namespace ResNet.Training.Data.Folders;

/// <summary>A part of a data set.</summary>
public enum DatasetSplit
{
    /// <summary>The images to learn from: the folder <c>train</c> or <c>training</c>.</summary>
    Train,

    /// <summary>The images that choose the best epoch: the folder <c>val</c>, <c>valid</c> or <c>validation</c>.</summary>
    Validation,

    /// <summary>The images for one evaluation at the end: the folder <c>test</c> or <c>testing</c>.</summary>
    Test,
}
