using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ResNet.Core;
using ResNet.Imaging;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Optimization.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.TrainingLoop;

/// <summary>
/// Trains a network, evaluates it after its epochs and saves the run, so that it can go on after its process ended. What a run ends with
/// is the same to the bit whether it was stopped and resumed or not, on the same machine and with as many threads.
/// </summary>
/// <remarks>
/// What happens can be heard by events, by the logger, and by the meter <c>ResNet.Training</c> of <see cref="System.Diagnostics.Metrics"/>, which
/// OpenTelemetry exports.
/// </remarks>
public sealed class Trainer
{
    // How often the losses are looked at where doing so holds the device up.
    private const int StepsBetweenLooks = 32;

    private readonly ImageLoader _training;
    private readonly Evaluator? _evaluator;
    private readonly TrainerOptions _options;
    private readonly CheckpointFolder? _checkpoints;
    private readonly ILogger _log;
    private readonly int _stepsPerEpoch;
    private readonly long _steps;
    private readonly int _epochs;
    private readonly long _warmup;
    private readonly Dictionary<string, string> _setup;
    private readonly Stopwatch _sinceStep = new();
    private readonly Stopwatch _sinceBeginning = new();
    private TimeSpan _elapsedBefore;
    private readonly Stopwatch _sinceCheckpoint = new();
    private (int Epoch, long Step)? _saved;
    private long _lookedAt;
    private List<StepMetrics> _history = [];
    private long _rememberedTo;

    /// <summary>A trainer on these images.</summary>
    /// <param name="training">The images to learn from; the loader should shuffle.</param>
    /// <param name="evaluation">The images to evaluate on; null for none.</param>
    /// <param name="options">How to train.</param>
    /// <param name="logger">Told what happens, a few lines an epoch; null for nobody.</param>
    public Trainer(ImageLoader training, ImageLoader? evaluation, TrainerOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(options);
        (_training, _options, _log) = (training, options, logger ?? NullLogger.Instance);
        _evaluator = evaluation is null ? null : new Evaluator(evaluation);
        _checkpoints = options.Checkpoints is { } saved ? new CheckpointFolder(saved.Folder, saved.Keep) : null;
        _stepsPerEpoch = (training.Batches + options.AccumulateBatches - 1) / options.AccumulateBatches;
        _steps = options.Steps ?? (long)options.Epochs * _stepsPerEpoch;
        if (_steps > int.MaxValue) throw new ArgumentException($"{nameof(TrainerOptions)}.{nameof(TrainerOptions.Steps)} is {_steps}, but has to be at most {int.MaxValue}.", nameof(options));
        if (options.EarlyStopping is not null && evaluation is null)
            throw new ArgumentException($"{nameof(TrainerOptions)}.{nameof(TrainerOptions.EarlyStopping)} is set, but there are no images to evaluate on: give some, or leave it out.", nameof(options));
        _epochs = (int)((_steps + _stepsPerEpoch - 1) / _stepsPerEpoch);
        _warmup = (long)Math.Round(options.Schedule.Warmup * _steps);
        _setup = new()
        {
            ["the number of images"] = $"{training.Source.Count}",
            ["the batch size"] = $"{training.Options.BatchSize}",
            ["the seed"] = $"{training.Options.Seed}",
            ["the transforms"] = training.Transforms.Description,
        };
    }

    /// <summary>Called after each step. Whoever listens has each step wait for the device.</summary>
    public event Action<StepMetrics>? StepCompleted;

    /// <summary>Called after each epoch with what came out of it, while the network has the epoch's weights.</summary>
    public event Action<EpochMetrics>? EpochCompleted;

    /// <summary>
    /// Called after each epoch whose top-1 accuracy is higher than any before, while the network has the weights that reached it: its own or
    /// their average, whichever is better. Without images to evaluate on it is called after each epoch.
    /// </summary>
    public event Action<EpochMetrics>? BestImproved;

    /// <summary>Called for each checkpoint that was written.</summary>
    public event Action<SavedCheckpoint>? CheckpointSaved;

    /// <summary>Called before the first step of a run that is resumed.</summary>
    public event Action<Resumption>? Resumed;

    /// <summary>Called for each damaged checkpoint that a run cannot be resumed from; the one before it is used.</summary>
    public event Action<CheckpointException>? CheckpointDamaged;

    /// <summary>Steps of the whole run.</summary>
    public long Steps => _steps;

    /// <summary>Epochs of the whole run; the last one may be cut short by <see cref="TrainerOptions.Steps"/>.</summary>
    public int Epochs => _epochs;

    /// <summary>How long the run has taken so far, in all processes that it ran in; what one did after its last checkpoint and was lost does not count.</summary>
    public TimeSpan Elapsed => _elapsedBefore + _sinceBeginning.Elapsed;

    /// <summary>What came out of each step up to the last checkpoint or epoch's end, those before a resumption included; steps whose images could not be read are left out.</summary>
    public IReadOnlyList<StepMetrics> History => _history;

    /// <summary>Trains the network, whose weights are laid out as they train fastest, and which is left in training mode.</summary>
    /// <param name="model">
    /// The network; its weights are where training starts. It is left with its last weights, or at the end of the run with their
    /// average where one is kept.
    /// </param>
    /// <param name="resume">
    /// Whether to go on from the newest sound checkpoint in <see cref="CheckpointOptions.Folder"/>; where there is none, training starts anew.
    /// Otherwise the folder must not have any.
    /// </param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">
    /// Stops after the step or evaluation batch in progress; with <see cref="TrainerOptions.Checkpoints"/> a checkpoint is written. The
    /// network keeps the weights it has by then, and the outcome says that it was interrupted.
    /// </param>
    /// <exception cref="ArgumentException">Batch normalisation would have a single value a channel: one image, and no larger than the network's reduction.</exception>
    /// <exception cref="InvalidOperationException">It is to be resumed without <see cref="TrainerOptions.Checkpoints"/>.</exception>
    /// <exception cref="CheckpointException">The checkpoints are damaged, are of another run, or there are some and the run is not to be resumed.</exception>
    /// <exception cref="DatasetException">All images of an epoch were skipped because they cannot be read.</exception>
    /// <exception cref="ImageDecodingException">An image cannot be read and is not to be skipped; a checkpoint was written, unless it is in the middle of a step of several batches.</exception>
    /// <exception cref="ArithmeticException">The loss is not finite: the run has diverged.</exception>
    /// <exception cref="IOException">A checkpoint cannot be written; those before it stay.</exception>
    public TrainingOutcome Train(ResNetModel model, bool resume = false, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        // Now, and not at the end of the first epoch, where the smallest batch is.
        model.train();
        var size = LoaderOf(0).Transforms.Size;
        model.RefuseSinglePixels(_training.SmallestBatch, size.Height, size.Width);
        ThrowIfCheckpointsUnfit(resume);
        using var run = new TrainingRun(model, _options, _steps);
        if (run.Weights.Precision != _options.Precision) _log.FullPrecisionInstead(_options.Precision, $"{model.Device}");
        (_saved, _lookedAt, _elapsedBefore) = (null, 0, TimeSpan.Zero);
        (_history, _rememberedTo) = ([], 0);
        if (resume) Resume(run);
        else _log.RunStarted(run.NetworkName, $"{model.Device}", run.Weights.Precision, _steps);
        _sinceCheckpoint.Restart();
        _sinceBeginning.Restart();
        bool isWhole = Run(run, progress, cancellationToken);
        AppendHistory(run);
        if (isWhole) run.TakeAverage();
        var position = run.Position;
        if (!isWhole) _log.Interrupted(position.Step, _steps);
        else if (position.StoppedEarly) _log.StoppedEarly(position.Epoch, position.TopToBeat ?? double.NaN, position.EvaluationsWithoutGain);
        else _log.RunCompleted(position.Step, position.Epoch);
        return new TrainingOutcome(position.Completed, position.Learned, Interrupted: !isWhole)
        {
            StoppedEarly = position.StoppedEarly,
            Best = position.Completed.Find(epoch => epoch.Epoch == position.BestEpoch),
        };
    }

    // Whether the run came to its end.
    private bool Run(TrainingRun run, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var position = run.Position;
        try
        {
            while (position.Epoch < _epochs && !position.StoppedEarly)
            {
                double speed = TrainEpoch(run, progress, cancellationToken);
                EndEpoch(run, speed, progress, cancellationToken);
            }
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Save(run, isBest: false);
            return false;
        }
        catch (ImageDecodingException)
        {
            if (!run.IsWithinStep) Save(run, isBest: false);
            throw;
        }
        catch (ArithmeticException)
        {
            _log.LossNotFinite(position.Step + 1);
            throw;
        }
        finally
        {
            _sinceBeginning.Stop();
        }
    }

    // The rest of an epoch's steps; gives images a second.
    private double TrainEpoch(TrainingRun run, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var position = run.Position;
        var loader = LoaderOf(position.Epoch);
        int batchesOfStep = _options.AccumulateBatches;
        bool anyRead = position.Batch > 0;
        var meter = new ProgressMeter(TrainingPhase.Training, position.Epoch + 1, _epochs, loader.Batches, progress, position.Batch);
        using var step = new TrainingStep(run, _options, loader);
        run.Model.train();
        _sinceStep.Restart();
        long skipped = _training.SkippedImages;
        // Within a step nothing stops it: what norms have seen of the step could not be taken back.
        foreach (var batch in loader.Epoch(position.Epoch, position.Batch, batchesOfStep == 1 ? cancellationToken : default))
        {
            long number = ((long)position.Epoch * _stepsPerEpoch) + (batch.Index / batchesOfStep);
            // Where the batches that belonged to it as well could not be read.
            if (step.Batches > 0 && number != step.Number) Finish(run, step);
            if (step.Batches == 0) cancellationToken.ThrowIfCancellationRequested();
            if (number >= _steps) break;
            anyRead = true;
            step.Number = number;
            step.Add(batch, position.Epoch, Math.Min(batchesOfStep, loader.Batches - (batch.Index / batchesOfStep * batchesOfStep)));
            if ((batch.Index + 1) % batchesOfStep == 0 || batch.Index + 1 == loader.Batches) Finish(run, step);
            meter.Advance(batch, RateOf(number), () => MeanLoss(run));
        }
        if (step.Batches > 0) Finish(run, step);
        // What came last may have been skipped as a whole.
        position.Batch = loader.Batches;
        run.Meter.ImagesSkipped(_training.SkippedImages - skipped);
        if (!anyRead && position.Step < _steps) throw _training.NothingRead();
        return meter.ImagesPerSecond;
    }

    private void Finish(TrainingRun run, TrainingStep step)
    {
        var position = run.Position;
        bool learned = step.Apply(RateOf(step.Number), LooksAtEachStep(run));
        position.Step = step.Number + 1;
        position.Batch = step.NextBatch;
        if (learned)
        {
            position.Learned++;
            UpdateAverage(run, step.Number);
            run.Meter.Step(step.Images, _sinceStep.Elapsed.TotalSeconds);
        }
        else
        {
            run.Meter.StepSkipped();
            _log.StepSkipped(position.Step);
        }
        _sinceStep.Restart();
        if (position.Step - _lookedAt >= StepsBetweenLooks) ThrowIfLossDiverged(run);
        StepCompleted?.Invoke(new StepMetrics(position.Step, position.Epoch + 1, run.LossOf(step.Number), RateOf(step.Number)));
        if (IsCheckpointDue(position)) Save(run, isBest: false);
    }

    private void EndEpoch(TrainingRun run, double speed, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        ThrowIfDiverged(run);
        var position = run.Position;
        bool evaluates = _evaluator is not null && ((position.Epoch + 1) % _options.EvaluateEvery == 0 || position.Epoch + 1 == _epochs);
        var metrics = new EpochMetrics(
            position.Epoch + 1, MeanLoss(run), double.NaN, double.NaN, double.NaN, RateOf(position.Step - 1), speed) { Steps = position.Step };
        if (evaluates) metrics = Evaluate(run, metrics, progress, cancellationToken);
        bool isBest = _evaluator is null || (evaluates && IsBest(metrics, position));
        if (isBest)
        {
            using var weights = run.Weights.Evaluating(position.BestIsAverage || _evaluator is null ? run.Average : null);
            BestImproved?.Invoke(metrics);
        }
        position.Completed.Add(metrics);
        (position.Epoch, position.Batch, position.Images) = (position.Epoch + 1, 0, 0);
        run.LossSum.FillInPlace(0);
        AppendHistory(run);
        run.Meter.Epoch(metrics);
        _log.EpochCompleted(metrics, _epochs);
        // Before the checkpoint: a run that is killed in between evaluates again, and whoever listens misses nothing.
        using (run.Weights.Evaluating(average: null)) EpochCompleted?.Invoke(metrics);
        Save(run, isBest);
    }

    private EpochMetrics Evaluate(TrainingRun run, EpochMetrics metrics, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var own = With(average: null);
        metrics = metrics with { ValidationLoss = own.Loss, Top1 = own.Top1, Top5 = own.Top5, Evaluation = own };
        if (run.Average is null) return metrics;
        var averaged = With(run.Average);
        return metrics with { AverageLoss = averaged.Loss, AverageTop1 = averaged.Top1, AverageTop5 = averaged.Top5, AverageEvaluation = averaged };

        EvaluationResult With(WeightAverage? average)
        {
            using var weights = run.Weights.Evaluating(average);
            return _evaluator!.Evaluate(run.Model, metrics.Epoch, _epochs, progress, cancellationToken);
        }
    }

    // Whether no evaluation before was as good; says so in the position, and whether it is time to stop.
    private bool IsBest(EpochMetrics metrics, RunPosition position)
    {
        bool isAverage = metrics.AverageTop1 > metrics.Top1;
        double top1 = isAverage ? metrics.AverageTop1 : metrics.Top1;
        if (_options.EarlyStopping is { } stopping)
        {
            bool gained = position.TopToBeat is not { } before || top1 > before + stopping.MinimumGain;
            if (gained) position.TopToBeat = top1;
            position.EvaluationsWithoutGain = gained ? 0 : position.EvaluationsWithoutGain + 1;
            position.StoppedEarly = position.EvaluationsWithoutGain >= stopping.Patience;
        }
        if (position.BestTop1 is { } best && !(top1 > best)) return false;
        (position.BestTop1, position.BestEpoch, position.BestIsAverage) = (top1, metrics.Epoch, isAverage);
        return true;
    }

    private void UpdateAverage(TrainingRun run, long step)
    {
        if (run.Average is null || step % _stepsPerEpoch % _options.Average!.EverySteps != 0) return;
        if (run.Position.AverageHasBegun)
        {
            run.Average.Update(_options.Average.AdjustedDecay(
                (double)_training.Options.BatchSize * _options.AccumulateBatches, (double)_steps / _stepsPerEpoch));
            return;
        }
        run.Average.CopyFromWeights();
        run.Position.AverageHasBegun = step >= _warmup;
    }

    private void Resume(TrainingRun run)
    {
        using var checkpoint = _checkpoints!.OpenLatest(damage =>
        {
            _log.CheckpointDamaged(damage.Path!, damage.Message);
            CheckpointDamaged?.Invoke(damage);
        });
        if (checkpoint is not null)
        {
            run.Restore(checkpoint, _setup);
            _log.RunResumed(run.NetworkName, $"{run.Model.Device}", run.Weights.Precision, run.Position.Step, _steps, checkpoint.Path);
        }
        var position = run.Position;
        (_lookedAt, _elapsedBefore) = (position.Step, position.Elapsed);
        AppendHistory(run);
        Resumed?.Invoke(new Resumption(checkpoint?.Path, position.Epoch + 1, position.Step, position.StoppedEarly || position.Epoch >= _epochs, [.. position.Completed]));
    }

    private void Save(TrainingRun run, bool isBest)
    {
        var now = (run.Position.Epoch, run.Position.Step);
        if (_checkpoints is null || now == _saved) return;
        ThrowIfDiverged(run);
        var clock = Stopwatch.StartNew();
        AppendHistory(run);
        run.Position.Elapsed = Elapsed;
        string path = run.Save(_checkpoints, _setup, isBest);
        _saved = now;
        _sinceCheckpoint.Restart();
        run.Meter.Checkpoint(clock.Elapsed.TotalSeconds, new FileInfo(path).Length);
        _log.CheckpointSaved(run.Position.Step, path, clock.Elapsed.TotalSeconds);
        CheckpointSaved?.Invoke(new SavedCheckpoint(path, run.Position.Step, isBest, clock.Elapsed));
    }

    private bool IsCheckpointDue(RunPosition position) => _options.Checkpoints is { } when
        && (position.Step % when.EverySteps == 0 || _sinceCheckpoint.Elapsed >= when.Every);

    private void ThrowIfCheckpointsUnfit(bool resume)
    {
        if (resume && _checkpoints is null)
            throw new InvalidOperationException($"There is nothing to resume from: set {nameof(TrainerOptions)}.{nameof(TrainerOptions.Checkpoints)}.");
        if (!resume && _checkpoints is { IsEmpty: false })
            throw CheckpointException.Unusable(_checkpoints.Path, "is of another run: resume that one, or choose another folder");
    }

    // On the CPU it costs nothing; whoever skips steps or listens to each of them waits for the device in any case.
    private bool LooksAtEachStep(TrainingRun run) =>
        run.Model.Device.type == DeviceType.CPU || _options.OnNonFiniteLoss == OnNonFiniteLoss.SkipStep || StepCompleted is not null;

    // Looks at the losses of the steps since the last look.
    private void ThrowIfLossDiverged(TrainingRun run)
    {
        long from = _lookedAt;
        _lookedAt = run.Position.Step;
        if (_options.OnNonFiniteLoss == OnNonFiniteLoss.SkipStep || from >= _lookedAt) return;
        using var scope = NewDisposeScope();
        double[] losses = run.StepLosses.narrow(0, from, _lookedAt - from).cpu().data<double>().ToArray();
        int bad = Array.FindIndex(losses, loss => !double.IsFinite(loss));
        if (bad >= 0) throw TrainingStep.Diverged(from + bad, run.Position.Epoch);
    }

    // A step whose loss is finite can spoil the weights all the same.
    private void ThrowIfDiverged(TrainingRun run)
    {
        ThrowIfLossDiverged(run);
        if (!Gradients.AreFinite(run.Weights.Weights)) throw TrainingStep.Diverged(run.Position.Step - 1, run.Position.Epoch);
    }

    private double RateOf(long step) => step < 0 ? 0 : _options.Optimizer.LearningRate * _options.Schedule.Factor(step, _steps);

    // The steps since the last time; skipped ones have a loss below zero.
    private void AppendHistory(TrainingRun run)
    {
        long from = _rememberedTo, count = run.Position.Step - from;
        if (count == 0) return;
        using var scope = NewDisposeScope();
        double[] losses = run.StepLosses.narrow(0, from, count).cpu().data<double>().ToArray();
        for (long i = from; i < from + count; i++)
        {
            double loss = losses[i - from];
            if (loss >= 0) _history.Add(new StepMetrics(i + 1, (int)(i / _stepsPerEpoch) + 1, loss, RateOf(i)));
        }
        _rememberedTo = run.Position.Step;
    }

    private static double MeanLoss(TrainingRun run) => run.LossSum.ReadDouble() / run.Position.Images;

    private ImageLoader LoaderOf(int epoch) => _options.ProgressiveSize is { } sizes
        ? _training.AtHeight(sizes.Side(_training.Transforms.Size.Height, epoch, _epochs))
        : _training;
}
