using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using ResNet.Training.Checkpoints;
using ResNet.Training.TrainingLoop.Results;
using ResNet.Training.TrainingLoop.Telemetry;

namespace ResNet.Training.TrainingLoop;

/// <summary>Reports the progress of a run through the trainer's events, the logger and the meter.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The caller of Begin disposes the meter.")]
internal sealed class TrainingTelemetry(ILogger log, TrainingPlan plan)
{
    private readonly Stopwatch _sinceStep = new();
    private TrainingMeter? _meter;

    internal event Action<StepMetrics>? StepCompleted;

    internal event Action<EpochMetrics>? EpochCompleted;

    internal event Action<EpochMetrics>? BestImproved;

    internal event Action<SavedCheckpoint>? CheckpointSaved;

    internal event Action<Resumption>? Resumed;

    internal event Action<CheckpointException>? CheckpointDamaged;

    /// <summary>Whether each step has a listener and therefore waits for the device.</summary>
    internal bool HasStepListener => StepCompleted is not null;

    /// <summary>Begins a run.</summary>
    /// <returns>The run's meter, which the caller disposes at the end.</returns>
    internal IDisposable Begin(TrainingState state, Precision wanted)
    {
        if (state.Weights.Precision != wanted) log.FullPrecisionInstead(wanted, $"{state.Model.Device}");
        return _meter = new TrainingMeter(Network(state));
    }

    /// <summary>Reports the start of a new run.</summary>
    internal void OnStarted(TrainingState state) =>
        log.RunStarted(Network(state), $"{state.Model.Device}", state.Weights.Precision, plan.Steps);

    /// <summary>Reports that the run resumes from a checkpoint, or starts from the beginning if there was none.</summary>
    internal void OnResumed(TrainingState state, string? checkpoint)
    {
        if (checkpoint is not null)
            log.RunResumed(Network(state), $"{state.Model.Device}", state.Weights.Precision, state.Step, plan.Steps, checkpoint);
        Resumed?.Invoke(new Resumption(checkpoint, state.Epoch + 1, state.Step, state.IsOver, [.. state.Epochs]));
    }

    /// <summary>Reports a damaged checkpoint; the previous one is used.</summary>
    internal void OnDamaged(CheckpointException damage)
    {
        log.CheckpointDamaged(damage.Path!, damage.Message);
        CheckpointDamaged?.Invoke(damage);
    }

    /// <summary>Starts the clock for the first step of an epoch; further steps start when the previous one ends.</summary>
    internal void OnEpochBegun() => _sinceStep.Restart();

    /// <summary>Reports the end of a step.</summary>
    /// <param name="state">The run's state after the step.</param>
    /// <param name="images">The number of images of the step.</param>
    /// <param name="learned">Whether the weights were changed.</param>
    internal void OnStepEnded(TrainingState state, int images, bool learned)
    {
        if (learned)
        {
            _meter?.Step(images, _sinceStep.Elapsed.TotalSeconds);
        }
        else
        {
            _meter?.StepSkipped();
            log.StepSkipped(state.Step);
        }
        _sinceStep.Restart();
        long step = state.Step - 1;
        StepCompleted?.Invoke(new StepMetrics(state.Step, state.Epoch + 1, state.FetchLoss(step), plan.GetLearningRate(step)));
    }

    /// <summary>Reports images of an epoch that could not be read.</summary>
    internal void OnImagesSkipped(long images) => _meter?.ImagesSkipped(images);

    /// <summary>Reports a new best epoch, while the network has its weights.</summary>
    internal void OnBestImproved(EpochMetrics metrics) => BestImproved?.Invoke(metrics);

    /// <summary>Reports the end of an epoch, while the network has its weights.</summary>
    internal void OnEpochEnded(EpochMetrics metrics)
    {
        _meter?.Epoch(metrics);
        log.EpochCompleted(metrics, plan.Epochs);
        EpochCompleted?.Invoke(metrics);
    }

    /// <summary>Reports a written checkpoint.</summary>
    internal void OnSaved(SavedCheckpoint checkpoint)
    {
        _meter?.Checkpoint(checkpoint.Time.TotalSeconds, new FileInfo(checkpoint.Path).Length);
        log.CheckpointSaved(checkpoint.Step, checkpoint.Path, checkpoint.Time.TotalSeconds);
        CheckpointSaved?.Invoke(checkpoint);
    }

    /// <summary>Reports that the run ends because it has diverged.</summary>
    internal void OnDiverged(TrainingState state) => log.LossNotFinite(state.Step + 1);

    /// <summary>Reports the end of the run.</summary>
    /// <param name="state">The run's state.</param>
    /// <param name="options">The options of the training.</param>
    /// <param name="interrupted">Whether the run was stopped before its end.</param>
    internal void OnEnded(TrainingState state, TrainerOptions options, bool interrupted)
    {
        if (interrupted)
        {
            log.Interrupted(state.Step, plan.Steps);
        }
        else if (state.StoppedEarly)
        {
            var (toBeat, evaluations) = options.EarlyStopping!.Look(state.Epochs, plan.GetFirstEpoch(state.Epoch));
            log.StoppedEarly(state.Epoch, toBeat ?? double.NaN, evaluations);
        }
        else
        {
            log.RunCompleted(state.Step, state.Epoch);
        }
    }

    private static string Network(TrainingState state) =>
        $"{state.Model.Options.Block} [{string.Join(", ", state.Model.Options.StageDepths)}]";
}
