namespace ResNet.Training.Data;

/// <summary>The progress of preparing or checking a data set.</summary>
/// <param name="Step">What is being done, in words: <c>Downloading train-images-idx3-ubyte.gz</c>.</param>
/// <param name="Done">How much of the step is done: bytes of a download or an archive, images otherwise.</param>
/// <param name="Total">The step's total; 0 while it is unknown.</param>
public readonly record struct DatasetProgress(string Step, long Done, long Total);
