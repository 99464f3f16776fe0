using System.Diagnostics;
using ResNet.Training.Checkpoints;
using ResNet.Training.Distributed;

namespace ResNet.Training.TrainingLoop;

/// <summary>
/// Writes checkpoints of a run when they are due, and resumes from them. Does nothing without options; of several processes, only the first
/// one writes.
/// </summary>
internal sealed class RunCheckpoints(
    CheckpointOptions? options, RunSetup setup, LossWatch watch, TrainingTelemetry telemetry, ProcessGroup? group)
{
    private readonly bool _writes = group is null or { IsFirst: true };
    private readonly CheckpointFolder? _folder = options is null ? null : new CheckpointFolder(options.Folder, options.Keep);
    private readonly Stopwatch _sinceLast = Stopwatch.StartNew();
    private (int Epoch, long Step)? _saved;

    /// <summary>Throws if a run has no folder to resume from, or would start in the folder of another run.</summary>
    /// <exception cref="InvalidOperationException">The run is to be resumed without checkpoints.</exception>
    /// <exception cref="CheckpointException">The run is not to be resumed, but there are checkpoints.</exception>
    internal void ThrowIfUnfit(bool resume)
    {
        if (resume && _folder is null)
        {
            throw new InvalidOperationException(
                $"There is nothing to resume from: set {nameof(TrainerOptions)}.{nameof(TrainerOptions.Checkpoints)}.");
        }
        if (_writes && !resume && _folder is { IsEmpty: false })
            throw CheckpointException.Unusable(_folder.Path, "is of another run: resume that one, or choose another folder");
    }

    /// <summary>Restores the newest intact checkpoint, if there is one.</summary>
    /// <exception cref="CheckpointException">The checkpoints are damaged or are of another run.</exception>
    internal void Resume(TrainingState state)
    {
        using var checkpoint = _folder!.OpenLatest(telemetry.OnDamaged);
        if (checkpoint is not null)
        {
            setup.ThrowIfDifferent(checkpoint);
            state.Restore(checkpoint);
        }
        telemetry.OnResumed(state, checkpoint?.Path);
        _sinceLast.Restart();
    }

    /// <summary>Writes a checkpoint within an epoch if it is due.</summary>
    internal void SaveIfDue(TrainingState state)
    {
        if (options is { } when && (state.Step % when.EverySteps == 0 || _sinceLast.Elapsed >= when.Every)) Save(state, isBest: false);
    }

    /// <summary>Writes a checkpoint, unless the last one has the same state.</summary>
    /// <param name="state">The run's state, between two steps.</param>
    /// <param name="isBest">Whether the last epoch is the best one so far.</param>
    /// <exception cref="ArithmeticException">The run has diverged.</exception>
    /// <exception cref="IOException">The file cannot be written; those before it stay.</exception>
    internal void Save(TrainingState state, bool isBest)
    {
        var now = (state.Epoch, state.Step);
        if (_folder is null || !_writes || now == _saved) return;
        watch.ThrowIfDiverged(state);
        // That has waited for the device. If a process was lost meanwhile, what its GPU did not add is missing from the weights.
        group?.ThrowIfLost();
        var clock = Stopwatch.StartNew();
        string path = state.Save(_folder, setup, isBest);
        _saved = now;
        _sinceLast.Restart();
        telemetry.OnSaved(new SavedCheckpoint(path, state.Step, isBest, clock.Elapsed));
    }
}
