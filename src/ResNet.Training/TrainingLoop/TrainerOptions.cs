using System.Text.Json.Serialization;
using ResNet.Training.Checkpoints;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;

namespace ResNet.Training.TrainingLoop;

/// <summary>How a network is trained. A bad value is refused when it is set. The defaults suit ResNet-18 on small images.</summary>
public sealed record TrainerOptions
{
    /// <summary>Passes over the training images, at least 1. Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Epochs
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 1;

    /// <summary>Steps after which the run ends, within an epoch too; <see cref="Epochs"/> is then ignored. Default: null.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public long? Steps
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>The optimizer, with the highest learning rate. Default: <see cref="Sgd"/>.</summary>
    public OptimizerOptions Optimizer
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = new Sgd();

    /// <summary>How the learning rate changes over the run. Default: a warm-up over a tenth of it, then a cosine.</summary>
    public LearningRateSchedule Schedule
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = new CosineSchedule { Warmup = 0.1 };

    /// <summary>
    /// The part of a label that is spread evenly over all classes (Szegedy et al. 2016), at least 0 and less than 1. Default: 0.1.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double LabelSmoothing
    {
        get;
        init => field = Require.Part(this, value);
    } = 0.1;

    /// <summary>Mixes the images of a batch: <see cref="Mixup"/>, <see cref="CutMix"/> or a choice of both. Default: null, none.</summary>
    public BatchTransform? Mixing { get; init; }

    /// <summary>
    /// Batches whose gradients make one step, at least 1. Default: 1. The last step of an epoch takes those that are left.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int AccumulateBatches
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 1;

    /// <summary>The largest norm of all gradients together; larger ones are scaled down to it. More than 0. Default: null, any.</summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double? ClipNorm
    {
        get;
        init => field = Require.Positive(this, value);
    }

    /// <summary>Keeps an average of the weights, which is evaluated beside them. Default: null, none.</summary>
    public AverageOptions? Average { get; init; }

    /// <summary>The precision that the network computes in. Default: <see cref="Precision.Full"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="Training.Precision"/>.</exception>
    public Precision Precision
    {
        get;
        init => field = Require.Defined(this, value);
    }

    /// <summary>Trains on smaller images at first. Default: null, images have one size.</summary>
    public ProgressiveSize? ProgressiveSize { get; init; }

    /// <summary>Epochs from one evaluation to the next, at least 1; the last epoch is evaluated in any case. Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int EvaluateEvery
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 1;

    /// <summary>Ends the run when it no longer gets better. Default: null, it goes on to its end.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>The treatment of a loss that is not finite. Default: <see cref="OnNonFiniteLoss.Stop"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="TrainingLoop.OnNonFiniteLoss"/>.</exception>
    public OnNonFiniteLoss OnNonFiniteLoss
    {
        get;
        init => field = Require.Defined(this, value);
    }

    /// <summary>Where and when checkpoints are written. Default: null, never.</summary>
    [JsonIgnore]
    public CheckpointOptions? Checkpoints { get; init; }
}
