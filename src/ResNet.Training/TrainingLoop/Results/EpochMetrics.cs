using System.Text.Json.Serialization;
using ResNet.Training.Evaluation;

namespace ResNet.Training.TrainingLoop.Results;

/// <summary>The results of an epoch. Numbers of an evaluation are null if there was none.</summary>
public sealed record EpochMetrics
{
    /// <summary>The epoch's number, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>
    /// Mean loss over the training images during the epoch, label smoothing, mixing, class weights and focal loss included; NaN if no step
    /// had a finite loss.
    /// </summary>
    public double TrainLoss { get; init; } = double.NaN;

    /// <summary>
    /// The share of the training images during the epoch whose class was the likeliest one, in percent: of the images as the network saw
    /// them, augmented, and each with the weights before its step. Null if it was not measured: mixed images have no single class.
    /// </summary>
    public double? TrainTop1 { get; init; }

    /// <summary>Mean cross entropy over the evaluation images.</summary>
    public double? ValidationLoss => Evaluation?.Loss;

    /// <summary>The top-1 accuracy on the evaluation images, in percent.</summary>
    public double? Top1 => Evaluation?.Top1;

    /// <summary>The top-5 accuracy on the evaluation images, in percent.</summary>
    public double? Top5 => Evaluation?.Top5;

    /// <summary>The balanced accuracy on the evaluation images, in percent.</summary>
    public double? BalancedAccuracy => Evaluation?.BalancedAccuracy;

    /// <summary>The mean F1 of the classes on the evaluation images, from 0 to 1.</summary>
    public double? MacroF1 => Evaluation?.MacroF1;

    /// <summary>The learning rate of the epoch's last step.</summary>
    public double LearningRate { get; init; } = double.NaN;

    /// <summary>The images per second of the training pass, decoding included; NaN if it had no images.</summary>
    public double ImagesPerSecond { get; init; } = double.NaN;

    /// <summary>
    /// The most memory that the process had in RAM up to the end of the epoch, in bytes; null if the system does not say. Memory of other
    /// devices is not included.
    /// </summary>
    public long? PeakMemoryBytes { get; init; }

    /// <summary>The number of processes that trained together in the epoch; null for one alone.</summary>
    public int? Processes { get; init; }

    /// <summary>
    /// The seconds of the training pass in which the first of several processes waited for others or for the sums of the gradients; null
    /// for one process alone.
    /// </summary>
    public double? WaitingSeconds { get; init; }

    /// <summary>The number of steps of the run so far.</summary>
    public long Steps { get; init; }

    /// <summary>Mean cross entropy over the evaluation images with the averaged weights.</summary>
    public double? AverageLoss => AverageEvaluation?.Loss;

    /// <summary>The top-1 accuracy of the averaged weights on the evaluation images, in percent.</summary>
    public double? AverageTop1 => AverageEvaluation?.Top1;

    /// <summary>The top-5 accuracy of the averaged weights on the evaluation images, in percent.</summary>
    public double? AverageTop5 => AverageEvaluation?.Top5;

    /// <summary>
    /// The evaluation of the weights; null if there was none. For an epoch before the run was resumed, or from a file, it has only the
    /// numbers, of a file only those in its columns: its confusion matrix, calibration and mistakes are empty.
    /// </summary>
    [JsonIgnore]
    public EvaluationResult? Evaluation { get; init; }

    /// <summary>The evaluation of the averaged weights, in the same way.</summary>
    [JsonIgnore]
    public EvaluationResult? AverageEvaluation { get; init; }
}
