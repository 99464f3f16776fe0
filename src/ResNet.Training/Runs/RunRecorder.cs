using System.Text.Json;
using ResNet.Core;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Reports;
using ResNet.Training.Reports.Comparison;
using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Runs;

/// <summary>Updates a run's folder while it trains.</summary>
internal sealed class RunRecorder : IDisposable
{
    private readonly RunFolder _folder;
    private readonly Trainer _trainer;
    private readonly ResNetModel _model;
    private readonly ImageLoader? _evaluation;
    private readonly List<EpochMetrics> _epochs = [];
    private TensorBoardWriter? _board;
    private long _written;

    // The last evaluated epoch, and its mistakes.
    private (EpochMetrics Metrics, IReadOnlyList<ReportMistake> Mistakes)? _evaluated;

    internal RunRecorder(RunFolder folder, Trainer trainer, ResNetModel model, ImageLoader? evaluation)
    {
        (_folder, _trainer, _model, _evaluation) = (folder, trainer, model, evaluation);
        trainer.Resumed += Resume;
        trainer.BestImproved += SaveWeights;
        trainer.EpochCompleted += Add;
        trainer.CheckpointSaved += Write;
    }

    public void Dispose()
    {
        _trainer.Resumed -= Resume;
        _trainer.BestImproved -= SaveWeights;
        _trainer.EpochCompleted -= Add;
        _trainer.CheckpointSaved -= Write;
        _board?.Dispose();
    }

    // The records may be older or newer than the checkpoint: all of them are written again.
    private void Resume(Resumption from)
    {
        _epochs.AddRange(from.Completed);
        _folder.SaveMetrics(_epochs, _trainer.History);
        WriteSteps();
        foreach (var epoch in _epochs) WriteEpoch(epoch);
        _board!.Flush();
    }

    private void SaveWeights(EpochMetrics metrics) => _folder.SaveWeights(_model);

    private void Add(EpochMetrics metrics)
    {
        _epochs.Add(metrics);
        if (metrics.Evaluation is not null) _evaluated = (metrics, Mistakes(metrics.Evaluation));
        _folder.SaveMetrics(_epochs, _trainer.History);
        _folder.SaveReport(Report());
        WriteSteps();
        WriteEpoch(metrics);
        _board!.Flush();
    }

    private void WriteEpoch(EpochMetrics metrics)
    {
        Scalar("train/epoch_loss", metrics.TrainLoss, metrics.Steps);
        Scalar("train/images_per_second", metrics.ImagesPerSecond, metrics.Steps);
        Scalar("val/loss", metrics.ValidationLoss, metrics.Steps);
        Scalar("val/top1", metrics.Top1, metrics.Steps);
        Scalar("val/top5", metrics.Top5, metrics.Steps);
        Scalar("average/loss", metrics.AverageLoss, metrics.Steps);
        Scalar("average/top1", metrics.AverageTop1, metrics.Steps);
        Scalar("average/top5", metrics.AverageTop5, metrics.Steps);
    }

    private void Write(Checkpoints.SavedCheckpoint checkpoint)
    {
        WriteSteps();
        _board!.Flush();
    }

    private void WriteSteps()
    {
        _board ??= _folder.OpenBoard();
        foreach (var (step, _, loss, rate) in _trainer.History.SkipWhile(step => step.Step <= _written))
        {
            _board.Scalar("train/loss", loss, step);
            _board.Scalar("train/learning_rate", rate, step);
            _written = step;
        }
    }

    // A missing evaluation has no point in the curve.
    private void Scalar(string tag, double? value, long step)
    {
        if (value is { } number && !double.IsNaN(number)) _board!.Scalar(tag, number, step);
    }

    private IReadOnlyList<ReportMistake> Mistakes(EvaluationResult evaluation) =>
        _evaluation is null ? [] : ReportMistake.Draw(_model, _evaluation, evaluation.Mistakes, _folder.Classes);

    private ReportContent Report() => new()
    {
        Title = _folder.Settings.Network,
        Subtitle = _folder.Settings.Dataset,
        Duration = _trainer.Elapsed,
        Epochs = _epochs,
        Steps = _trainer.History,
        Evaluation = _evaluated?.Metrics.Evaluation,
        EvaluationOf = _evaluated is { } evaluated ? $"the weights after epoch {evaluated.Metrics.Epoch}" : null,
        Classes = _folder.Classes,
        Mistakes = _evaluated?.Mistakes ?? [],
        Settings = [.. ComparedRun.Flat(JsonSerializer.SerializeToElement(_folder.Settings, RunFolder.Json), "")],
        Environment = RunEnvironment.Describe(_model.Device),
    };
}
