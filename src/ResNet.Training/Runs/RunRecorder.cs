using System.Text.Json;
using ResNet.Core;
using ResNet.Training.Data;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Reports;
using ResNet.Training.Reports.Comparison;
using ResNet.Training.TrainingLoop;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Runs;

/// <summary>Updates a run's folder while it trains, and at its end evaluates it on test images.</summary>
public sealed class RunRecorder : IDisposable
{
    private readonly RunFolder _folder;
    private readonly Trainer _trainer;
    private readonly ResNetModel _model;
    private readonly ImageLoader? _evaluation;
    private readonly List<EpochMetrics> _epochs = [];
    private TensorBoardWriter? _board;
    private readonly FileStream _lock;
    private long _written;

    // The last evaluation, the weights that it is of, and its mistakes.
    private (EvaluationResult Result, string Of, IReadOnlyList<ReportMistake> Mistakes)? _evaluated;
    private bool _isOfBest;
    private EvaluationResult? _test;
    private IReadOnlyList<ReportSample>? _samples;
    private string? _images;

    internal RunRecorder(RunFolder folder, Trainer trainer, ResNetModel model, ImageLoader? evaluation)
    {
        (_folder, _trainer, _model, _evaluation) = (folder, trainer, model, evaluation);
        _lock = folder.Lock();
        trainer.Resumed += Resume;
        trainer.BestImproved += SaveWeights;
        trainer.EpochCompleted += Add;
        trainer.CheckpointSaved += Write;
    }

    private bool HasTop5 => EvaluationResult.HasTop5Of(_folder.Classes.Count);

    /// <summary>Sentences about the run's data that readers of the report should know. Default: none.</summary>
    public IReadOnlyList<string> Notes { get; set; } = [];

    /// <summary>
    /// Evaluates the run's best weights on images that had no part in choosing them, and adds the results to the report and
    /// <c>test.json</c>.
    /// </summary>
    /// <param name="test">The images.</param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">Stops the evaluation between two batches.</param>
    /// <exception cref="DatasetException">All images were skipped because they cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="RunFolderException">The folder cannot be written.</exception>
    public EvaluationResult EvaluateTest(
        ImageLoader test, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(test);
        using var best = _folder.LoadModel(_model.Device);
        var result = _trainer.CreateEvaluator(test).Evaluate(best, progress, cancellationToken);
        _test = result;
        if (!_isOfBest && _epochs.Count > 0 && _evaluation is not null)
        {
            // The process that trained ended before the test; the report needs its evaluation again.
            var again = _trainer.CreateEvaluator(_evaluation).Evaluate(best, progress, cancellationToken);
            _evaluated = (again, "the best weights", ReportMistake.Draw(best, _evaluation, again.Mistakes, _folder.Classes));
        }
        _folder.SaveTest(result);
        _folder.SaveReport(Report());
        return result;
    }

    /// <summary>Ends the updates.</summary>
    public void Dispose()
    {
        _trainer.Resumed -= Resume;
        _trainer.BestImproved -= SaveWeights;
        _trainer.EpochCompleted -= Add;
        _trainer.CheckpointSaved -= Write;
        _board?.Dispose();
        _lock.Dispose();
    }

    // The records may be older or newer than the checkpoint: all of them are written again.
    private void Resume(Resumption from)
    {
        _epochs.AddRange(from.Completed);
        // Before the extension's first checkpoint, which needs these settings.
        if (_folder.IsExtended) _folder.SaveSettings();
        _folder.SaveMetrics(_epochs, _trainer.History);
        WriteSteps();
        foreach (var epoch in _epochs) WriteEpoch(epoch);
        _board!.Flush();
    }

    // The network has the best weights now, or their average.
    private void SaveWeights(EpochMetrics metrics)
    {
        _folder.SaveWeights(_model);
        if (BestEpoch.Of([.. _epochs, metrics]) is not { } best) return;
        var evaluation = best.IsAverage ? metrics.AverageEvaluation! : metrics.Evaluation!;
        _evaluated = (evaluation, $"the {(best.IsAverage ? "averaged " : "")}weights of epoch {best.Epoch}", Mistakes(evaluation));
        _isOfBest = true;
    }

    private void Add(EpochMetrics metrics)
    {
        _epochs.Add(metrics);
        // The details of the best epoch are not known if it was before the run was resumed.
        if (!_isOfBest && metrics.Evaluation is { } evaluation)
            _evaluated = (evaluation, $"the weights after epoch {metrics.Epoch}", Mistakes(evaluation));
        _folder.SaveMetrics(_epochs, _trainer.History);
        _folder.SaveReport(Report());
        WriteSteps();
        WriteEpoch(metrics);
        _board!.Flush();
    }

    private void WriteEpoch(EpochMetrics metrics)
    {
        Scalar("train/epoch_loss", metrics.TrainLoss, metrics.Steps);
        Scalar("train/top1", metrics.TrainTop1, metrics.Steps);
        Scalar("train/images_per_second", metrics.ImagesPerSecond, metrics.Steps);
        Scalar("val/loss", metrics.ValidationLoss, metrics.Steps);
        Scalar("val/top1", metrics.Top1, metrics.Steps);
        if (HasTop5) Scalar("val/top5", metrics.Top5, metrics.Steps);
        Scalar("average/loss", metrics.AverageLoss, metrics.Steps);
        Scalar("average/top1", metrics.AverageTop1, metrics.Steps);
        if (HasTop5) Scalar("average/top5", metrics.AverageTop5, metrics.Steps);
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
        Notes = Notes,
        Evaluation = _evaluated?.Result,
        EvaluationOf = _evaluated?.Of,
        Test = _test,
        Classes = _folder.Classes,
        Mistakes = _evaluated?.Mistakes ?? [],
        Samples = _samples ??= ReportSample.Draw(_trainer.FirstImages, _folder.Classes, _folder.Settings.Training.Mixing),
        MixesImages = _folder.Settings.Training.Mixing is not null,
        Manifest = _folder.Manifest,
        Images = _images ??= ImagesSection.Write(_folder.Manifest, _folder.Classes),
        Settings = [.. ComparedRun.Flat(JsonSerializer.SerializeToElement(_folder.Settings, RunFolder.Json), "")],
        Environment = RunEnvironment.Describe(_model.Device),
    };
}
