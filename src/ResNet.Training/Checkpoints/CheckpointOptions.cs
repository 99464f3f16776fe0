namespace ResNet.Training.Checkpoints;

/// <summary>The place and time of checkpoints, from which a run can be resumed. A bad value is refused when it is set.</summary>
/// <remarks>
/// A checkpoint is written at the end of each epoch and when the run is stopped; these options add checkpoints within epochs.
/// </remarks>
public sealed record CheckpointOptions
{
    /// <summary>The folder of the checkpoints, which is created if it does not exist.</summary>
    /// <exception cref="InvalidOptionException">The value is empty.</exception>
    public required string Folder
    {
        get;
        init => field = Require.That(this, value, !string.IsNullOrWhiteSpace(value), "the path of a folder");
    }

    /// <summary>The number of steps between checkpoints within an epoch, at least 1. Default: null, no limit.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int? EverySteps
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>The time between checkpoints within an epoch, more than 0. Default: 10 minutes.</summary>
    /// <exception cref="InvalidOptionException">The value is not positive.</exception>
    public TimeSpan? Every
    {
        get;
        init => field = Require.That(this, value, value is null || value > TimeSpan.Zero, "more than 0");
    } = TimeSpan.FromMinutes(10);

    /// <summary>The number of latest checkpoints to keep in addition to the best one, at least 1. Default: 2.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Keep
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 2;
}
