using Microsoft.Extensions.Logging;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.TrainingLoop.Telemetry;

/// <summary>The log messages of a run.</summary>
internal static partial class TrainerLog
{
    [LoggerMessage(1, LogLevel.Information, "Training {Network} on {Device} in {Precision} precision: {Steps} steps")]
    internal static partial void RunStarted(this ILogger logger, string network, string device, Precision precision, long steps);

    [LoggerMessage(
        2,
        LogLevel.Information,
        "Resuming {Network} on {Device} in {Precision} precision from step {Step} of {Steps}, as stored in '{Checkpoint}'")]
    internal static partial void RunResumed(
        this ILogger logger, string network, string device, Precision precision, long step, long steps, string checkpoint);

    [LoggerMessage(3, LogLevel.Information, "The run is over after {Steps} steps in {Epochs} epochs")]
    internal static partial void RunCompleted(this ILogger logger, long steps, int epochs);

    [LoggerMessage(
        4,
        LogLevel.Information,
        "Stopped early after epoch {Epoch}: "
            + "the top-1 accuracy has not risen above {BestTop1:0.00} % in {Evaluations} evaluations")]
    internal static partial void StoppedEarly(this ILogger logger, int epoch, double bestTop1, int evaluations);

    [LoggerMessage(5, LogLevel.Information, "Interrupted after step {Step} of {Steps}")]
    internal static partial void Interrupted(this ILogger logger, long step, long steps);

    internal static void EpochCompleted(this ILogger logger, EpochMetrics metrics, int epochs)
    {
        logger.EpochTrained(metrics.Epoch, epochs, metrics.Steps, metrics.TrainLoss, metrics.LearningRate, metrics.ImagesPerSecond);
        if (metrics.Evaluation is { } own)
        {
            if (own.HasTop5) logger.EpochEvaluated(metrics.Epoch, own.Loss, own.Top1, own.Top5);
            else logger.EpochEvaluated(metrics.Epoch, own.Loss, own.Top1);
        }
        if (metrics.AverageEvaluation is { } average)
        {
            if (average.HasTop5) logger.AverageEvaluated(metrics.Epoch, average.Loss, average.Top1, average.Top5);
            else logger.AverageEvaluated(metrics.Epoch, average.Loss, average.Top1);
        }
    }

    [LoggerMessage(20, LogLevel.Information, "Checkpoint of step {Step} written to '{Path}' in {Seconds:0.00} s")]
    internal static partial void CheckpointSaved(this ILogger logger, long step, string path, double seconds);

    [LoggerMessage(21, LogLevel.Warning, "The checkpoint '{Path}' is damaged and passed over: {Reason}")]
    internal static partial void CheckpointDamaged(this ILogger logger, string path, string reason);

    [LoggerMessage(
        30,
        LogLevel.Warning,
        "{Precision} precision was asked for, but {Device} has no instructions for it: training in full precision")]
    internal static partial void FullPrecisionInstead(this ILogger logger, Precision precision, string device);

    [LoggerMessage(31, LogLevel.Warning, "Step {Step} is skipped: its loss or a gradient is not finite")]
    internal static partial void StepSkipped(this ILogger logger, long step);

    [LoggerMessage(32, LogLevel.Error, "The loss is not finite at step {Step}: the run stops")]
    internal static partial void LossNotFinite(this ILogger logger, long step);

    [LoggerMessage(
        10,
        LogLevel.Information,
        "Epoch {Epoch} of {Epochs}, step {Step}: "
            + "train loss {TrainLoss:0.0000}, learning rate {LearningRate:0.######}, {ImagesPerSecond:0} img/s")]
    private static partial void EpochTrained(
        this ILogger logger, int epoch, int epochs, long step, double trainLoss, double learningRate, double imagesPerSecond);

    [LoggerMessage(11, LogLevel.Information, "Epoch {Epoch}: val loss {Loss:0.0000}, top-1 {Top1:0.00} %, top-5 {Top5:0.00} %")]
    private static partial void EpochEvaluated(this ILogger logger, int epoch, double loss, double top1, double top5);

    [LoggerMessage(
        12,
        LogLevel.Information,
        "Epoch {Epoch}, averaged weights: val loss {Loss:0.0000}, top-1 {Top1:0.00} %, top-5 {Top5:0.00} %")]
    private static partial void AverageEvaluated(this ILogger logger, int epoch, double loss, double top1, double top5);

    // For five classes or fewer.
    [LoggerMessage(13, LogLevel.Information, "Epoch {Epoch}: val loss {Loss:0.0000}, top-1 {Top1:0.00} %")]
    private static partial void EpochEvaluated(this ILogger logger, int epoch, double loss, double top1);

    [LoggerMessage(14, LogLevel.Information, "Epoch {Epoch}, averaged weights: val loss {Loss:0.0000}, top-1 {Top1:0.00} %")]
    private static partial void AverageEvaluated(this ILogger logger, int epoch, double loss, double top1);
}
