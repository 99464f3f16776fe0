
namespace ResNet.Training.TrainingLoop;

/// <summary>How far a run is, and what has come out of it: all of a checkpoint that is not tensors.</summary>
internal sealed class RunPosition
{
    /// <summary>The epoch that is under way, from 0.</summary>
    public int Epoch { get; set; }

    /// <summary>The epoch's next batch; one more than the last where the epoch is to be evaluated.</summary>
    public int Batch { get; set; }

    /// <summary>Steps of the run so far, those included whose images could not be read.</summary>
    public long Step { get; set; }

    /// <summary>Steps in which the weights changed.</summary>
    public long Learned { get; set; }

    /// <summary>Images of this epoch that the network has seen.</summary>
    public long Images { get; set; }

    /// <summary>How long the run has taken.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>Whether the average has begun to differ from the weights.</summary>
    public bool AverageHasBegun { get; set; }

    /// <summary>What came out of each epoch.</summary>
    public List<EpochMetrics> Completed { get; init; } = [];

    /// <summary>The highest top-1 accuracy so far, of the weights or of their average; null before the first evaluation.</summary>
    public double? BestTop1 { get; set; }

    /// <summary>The epoch that it was reached in, from 1.</summary>
    public int BestEpoch { get; set; }

    /// <summary>Whether it is that of the averaged weights.</summary>
    public bool BestIsAverage { get; set; }

    /// <summary>The accuracy that early stopping compares with.</summary>
    public double? TopToBeat { get; set; }

    /// <summary>Evaluations since then.</summary>
    public int EvaluationsWithoutGain { get; set; }

    /// <summary>Whether early stopping has ended the run.</summary>
    public bool StoppedEarly { get; set; }
}
