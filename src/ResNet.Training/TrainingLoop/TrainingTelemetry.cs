using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using ResNet.Training.Checkpoints;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.TrainingLoop;

/// <summary>Tells listeners what happens in a run: by the trainer's events, the logger and the meter.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Whoever begins a run disposes of its meter.")]
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

    /// <summary>Whether somebody listens to each step, and so has it wait for the device.</summary>
    internal bool HasStepListener => StepCompleted is not null;

    /// <summary>A run begins.</summary>
    /// <returns>The run's meter, which ends when it is disposed of.</returns>
    internal IDisposable Begin(TrainingState state, Precision wanted)
    {
        if (state.Weights.Precision != wanted) log.FullPrecisionInstead(wanted, $"{state.Model.Device}");
        return _meter = new TrainingMeter(Network(state));
    }

    /// <summary>The run is a new one.</summary>
    internal void OnStarted(TrainingState state) =>
        log.RunStarted(Network(state), $"{state.Model.Device}", state.Weights.Precision, plan.Steps);

    /// <summary>The run goes on from a checkpoint, or from its beginning where there was none.</summary>
    internal void OnResumed(TrainingState state, string? checkpoint)
    {
        if (checkpoint is not null)
            log.RunResumed(Network(state), $"{state.Model.Device}", state.Weights.Precision, state.Step, plan.Steps, checkpoint);
        Resumed?.Invoke(new Resumption(checkpoint, state.Epoch + 1, state.Step, state.IsOver, [.. state.Epochs]));
    }

    /// <summary>A checkpoint cannot be used; the one before it is tried.</summary>
    internal void OnDamaged(CheckpointException damage)
    {
        log.CheckpointDamaged(damage.Path!, damage.Message);
        CheckpointDamaged?.Invoke(damage);
    }

    /// <summary>The first step of an epoch begins; each further one begins as the last one ends.</summary>
    internal void OnEpochBegun() => _sinceStep.Restart();

    /// <summary>A step has ended.</summary>
    /// <param name="state">The run's state after it.</param>
    /// <param name="images">Images of the step.</param>
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

    /// <summary>Images of an epoch could not be read.</summary>
    internal void OnImagesSkipped(long images) => _meter?.ImagesSkipped(images);

    /// <summary>No epoch before was as good; the network shows the weights that reached it.</summary>
    internal void OnBestImproved(EpochMetrics metrics) => BestImproved?.Invoke(metrics);

    /// <summary>An epoch has ended; the network shows its weights.</summary>
    internal void OnEpochEnded(EpochMetrics metrics)
    {
        _meter?.Epoch(metrics);
        log.EpochCompleted(metrics, plan.Epochs);
        EpochCompleted?.Invoke(metrics);
    }

    /// <summary>A checkpoint was written.</summary>
    internal void OnSaved(SavedCheckpoint checkpoint)
    {
        _meter?.Checkpoint(checkpoint.Time.TotalSeconds, new FileInfo(checkpoint.Path).Length);
        log.CheckpointSaved(checkpoint.Step, checkpoint.Path, checkpoint.Time.TotalSeconds);
        CheckpointSaved?.Invoke(checkpoint);
    }

    /// <summary>The run ends because it has diverged.</summary>
    internal void OnDiverged(TrainingState state) => log.LossNotFinite(state.Step + 1);

    /// <summary>The run ends.</summary>
    /// <param name="state">Its state.</param>
    /// <param name="options">What it was made with.</param>
    /// <param name="interrupted">Whether it was stopped before its end.</param>
    internal void OnEnded(TrainingState state, TrainerOptions options, bool interrupted)
    {
        if (interrupted)
        {
            log.Interrupted(state.Step, plan.Steps);
        }
        else if (state.StoppedEarly)
        {
            var (toBeat, evaluations) = options.EarlyStopping!.Look(state.Epochs);
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
