using System.Diagnostics;
using ResNet.Training.Checkpoints;

namespace ResNet.Training.TrainingLoop;

/// <summary>The checkpoints of a run: when one is due, writing it, and resuming from it. Does nothing where none are wanted.</summary>
internal sealed class RunCheckpoints(CheckpointOptions? options, RunSetup setup, LossWatch watch, TrainingTelemetry telemetry)
{
    private readonly CheckpointFolder? _folder = options is null ? null : new CheckpointFolder(options.Folder, options.Keep);
    private readonly Stopwatch _sinceLast = Stopwatch.StartNew();
    private (int Epoch, long Step)? _saved;

    /// <summary>Refuses to resume from nowhere, and to begin where another run is.</summary>
    /// <exception cref="InvalidOperationException">The run is to be resumed without checkpoints.</exception>
    /// <exception cref="CheckpointException">The run is not to be resumed, but there are checkpoints.</exception>
    internal void ThrowIfUnfit(bool resume)
    {
        if (resume && _folder is null)
        {
            throw new InvalidOperationException(
                $"There is nothing to resume from: set {nameof(TrainerOptions)}.{nameof(TrainerOptions.Checkpoints)}.");
        }
        if (!resume && _folder is { IsEmpty: false })
            throw CheckpointException.Unusable(_folder.Path, "is of another run: resume that one, or choose another folder");
    }

    /// <summary>Restores the newest sound checkpoint, where there is one.</summary>
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

    /// <summary>Writes a checkpoint where one is due within an epoch.</summary>
    internal void SaveIfDue(TrainingState state)
    {
        if (options is { } when && (state.Step % when.EverySteps == 0 || _sinceLast.Elapsed >= when.Every)) Save(state, isBest: false);
    }

    /// <summary>Writes a checkpoint, unless this very state has been written.</summary>
    /// <param name="state">The run's state, between two steps.</param>
    /// <param name="isBest">Whether no epoch before was as good.</param>
    /// <exception cref="ArithmeticException">The run has diverged.</exception>
    /// <exception cref="IOException">The file cannot be written; those before it stay.</exception>
    internal void Save(TrainingState state, bool isBest)
    {
        var now = (state.Epoch, state.Step);
        if (_folder is null || now == _saved) return;
        watch.ThrowIfDiverged(state);
        var clock = Stopwatch.StartNew();
        string path = state.Save(_folder, setup, isBest);
        _saved = now;
        _sinceLast.Restart();
        telemetry.OnSaved(new SavedCheckpoint(path, state.Step, isBest, clock.Elapsed));
    }
}
