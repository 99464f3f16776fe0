namespace ResNet.Training.Optimization;

/// <summary>What came out of an epoch; what was not evaluated is NaN.</summary>
/// <param name="Epoch">The epoch's number, from 1.</param>
/// <param name="TrainLoss">Mean loss over the training images as they passed, label smoothing included.</param>
/// <param name="ValidationLoss">Mean cross entropy over the evaluation images.</param>
/// <param name="Top1">Evaluation images whose class is the likeliest one, in percent.</param>
/// <param name="Top5">Evaluation images whose class is among the five likeliest, in percent.</param>
/// <param name="LearningRate">Of the epoch's last step.</param>
/// <param name="ImagesPerSecond">Of the training pass, decoding included.</param>
public sealed record EpochMetrics(
    int Epoch, double TrainLoss, double ValidationLoss, double Top1, double Top5, double LearningRate, double ImagesPerSecond);
