using ResNet.Imaging;

namespace ResNet.Training.Checkpoints;

/// <summary>Where and when a run is saved so that it can go on after its process ended. A bad value is refused when it is set.</summary>
/// <remarks>A checkpoint is written at the end of each epoch and when the run is stopped, and in between as said here.</remarks>
public sealed record CheckpointOptions
{
    /// <summary>Checkpoints in this folder, which is made if it is not there.</summary>
    /// <exception cref="ArgumentException">The value is empty.</exception>
    public required string Folder
    {
        get;
        init
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(value, nameof(Folder));
            field = value;
        }
    }

    /// <summary>Steps from one checkpoint to the next within an epoch, at least 1. Default: null, none because of steps.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int? EverySteps
    {
        get;
        init => field = value is { } steps ? Require.AtLeast(steps, 1, $"{nameof(CheckpointOptions)}.{nameof(EverySteps)}") : null;
    }

    /// <summary>Time from one checkpoint to the next within an epoch, more than 0. Default: 10 minutes.</summary>
    /// <exception cref="ArgumentException">The value is not positive.</exception>
    public TimeSpan? Every
    {
        get;
        init => field = value is null || value > TimeSpan.Zero
            ? value
            : throw new ArgumentException($"{nameof(CheckpointOptions)}.{nameof(Every)} is {value}, but has to be more than 0, or null for none because of time.", nameof(Every));
    } = TimeSpan.FromMinutes(10);

    /// <summary>How many of the latest checkpoints are kept, at least 1, beside the best one. Default: 2.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Keep
    {
        get;
        init => field = Require.AtLeast(value, 1, $"{nameof(CheckpointOptions)}.{nameof(Keep)}");
    } = 2;
}
