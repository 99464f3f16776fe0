namespace ResNet.Training.Data;

/// <summary>The progress of preparing or checking a data set.</summary>
/// <param name="Step">The current step, in words: <c>Downloading train-images-idx3-ubyte.gz</c>.</param>
/// <param name="Done">The finished part of the step: bytes of a download or an archive, images otherwise.</param>
/// <param name="Total">The step's total; 0 while it is unknown.</param>
public readonly record struct DatasetProgress(string Step, long Done, long Total);
