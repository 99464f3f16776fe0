namespace ResNet.Training.Data;

/// <summary>How far the preparation or the check of a data set has got.</summary>
/// <param name="Step">What is being done, for people to read: <c>Downloading train-images-idx3-ubyte.gz</c>.</param>
/// <param name="Done">How much of the step is done: bytes of a download or an archive, images otherwise.</param>
/// <param name="Total">How much the step has; 0 while that is not known.</param>
public readonly record struct DatasetProgress(string Step, long Done, long Total);
