using System.Text.Json.Serialization;
using ResNet.Training.Evaluation;

namespace ResNet.Training.TrainingLoop;

/// <summary>What came out of an epoch; what was not evaluated is NaN.</summary>
/// <param name="Epoch">The epoch's number, from 1.</param>
/// <param name="TrainLoss">Mean loss over the training images as they passed, label smoothing and mixing included.</param>
/// <param name="ValidationLoss">Mean cross entropy over the evaluation images.</param>
/// <param name="Top1">Evaluation images whose class is the likeliest one, in percent.</param>
/// <param name="Top5">Evaluation images whose class is among the five likeliest, in percent.</param>
/// <param name="LearningRate">Of the epoch's last step.</param>
/// <param name="ImagesPerSecond">Of the training pass, decoding included.</param>
public sealed record EpochMetrics(
    int Epoch, double TrainLoss, double ValidationLoss, double Top1, double Top5, double LearningRate, double ImagesPerSecond)
{
    /// <summary>Steps of the run so far.</summary>
    public long Steps { get; init; }

    /// <summary>Mean cross entropy over the evaluation images with the averaged weights.</summary>
    public double AverageLoss { get; init; } = double.NaN;

    /// <summary>Evaluation images whose class is the likeliest one with the averaged weights, in percent.</summary>
    public double AverageTop1 { get; init; } = double.NaN;

    /// <summary>Evaluation images whose class is among the five likeliest with the averaged weights, in percent.</summary>
    public double AverageTop5 { get; init; } = double.NaN;

    /// <summary>All that the evaluation found; null where there was none, and in an epoch from before the run was resumed.</summary>
    [JsonIgnore]
    public EvaluationResult? Evaluation { get; init; }

    /// <summary>All that the evaluation found with the averaged weights; null where there was none, and in an epoch from before the run was resumed.</summary>
    [JsonIgnore]
    public EvaluationResult? AverageEvaluation { get; init; }
}
