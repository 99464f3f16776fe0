using System.Text.Json.Serialization;
using ResNet.Core;
using ResNet.Training.Checkpoints;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;

namespace ResNet.Training.TrainingLoop;

/// <summary>The options of a training. A bad value is refused when it is set. The defaults suit ResNet-18 on small images.</summary>
public sealed record TrainerOptions
{
    /// <summary>The number of passes over the training images, at least 1. Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Epochs
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 1;

    /// <summary>The number of steps of the run, which may end within an epoch and replaces <see cref="Epochs"/>. Default: null.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public long? Steps
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>
    /// Further epochs, for which a finished run goes on: resume it with the same options and one more extension. A new run with extensions
    /// gives the same result, to the bit, as one that is extended later. Default: null, none.
    /// </summary>
    public IReadOnlyList<RunExtension>? Extensions
    {
        get;
        init => field = value is null ? null : [.. value];
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

    /// <summary>The schedule of the learning rate. Default: a warm-up over a tenth of the run, then a cosine.</summary>
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
    /// The part of each label that is distributed evenly over all classes (Szegedy et al. 2016), at least 0 and less than 1. Default: 0.1.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double LabelSmoothing
    {
        get;
        init => field = Require.Part(this, value);
    } = 0.1;

    /// <summary>
    /// The weight of each class in the loss, in the order of the network's outputs, each more than 0; such as
    /// <see cref="Data.ClassWeights.Balanced"/>. Default: null, all classes have the same weight.
    /// </summary>
    /// <remarks>
    /// The <c>weight</c> of PyTorch's <c>cross_entropy</c>. The loss of a batch is divided by the sum of the weights of its images'
    /// classes, so equal weights change nothing; with <see cref="Mixing"/>, where an image has several classes, by the number of
    /// images. Label smoothing weights each class's part of a label by the class's weight.
    /// </remarks>
    /// <exception cref="InvalidOptionException">There are no weights, or one is not a positive number.</exception>
    public IReadOnlyList<double>? ClassWeights
    {
        get;
        init => field = value is null
            ? null
            : [.. Require.That(
                this, value, value.Count > 0 && value.All(weight => weight > 0 && double.IsFinite(weight)), "numbers more than 0")];
    }

    /// <summary>
    /// The exponent gamma, at least 0, of the focal loss (1 - p)^gamma · -log p, where p is the probability of an image's class (Lin et al.
    /// 2017, https://arxiv.org/abs/1708.02002, equation 4): images that are recognised well count less. The paper uses 2. Default:
    /// null, cross entropy, which is the focal loss of gamma 0.
    /// </summary>
    /// <remarks>
    /// <see cref="ClassWeights"/> are the paper's alpha (equation 5), and the loss is divided as for cross entropy. With label smoothing or
    /// <see cref="Mixing"/>, it is the sum of all classes' focal losses, each times the class's share of the label.
    /// </remarks>
    /// <exception cref="InvalidOptionException">The value is negative or not finite.</exception>
    public double? FocalGamma
    {
        get;
        init => field = Require.AtLeast(this, value, 0);
    }

    /// <summary>Mixes the images of a batch: <see cref="Mixup"/>, <see cref="CutMix"/> or a choice of both. Default: null, none.</summary>
    public BatchTransform? Mixing { get; init; }

    /// <summary>
    /// The number of batches per step, at least 1. Default: 1. The last step of an epoch has the remaining batches.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int AccumulateBatches
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 1;

    /// <summary>The maximum norm of all gradients together, more than 0; larger ones are scaled down. Default: null, no limit.</summary>
    /// <exception cref="InvalidOptionException">The value is not a positive number.</exception>
    public double? ClipNorm
    {
        get;
        init => field = Require.Positive(this, value);
    }

    /// <summary>Averages the weights, and evaluates both the weights and their average. Default: null, no average.</summary>
    public AverageOptions? Average { get; init; }

    /// <summary>The precision of the network's computations. Default: <see cref="Precision.Full"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="Training.Precision"/>.</exception>
    public Precision Precision
    {
        get;
        init => field = Require.Defined(this, value);
    }

    /// <summary>
    /// What computes the network on the CPU: <see cref="ResNetModel.TrainingEngine"/> while it trains, and with
    /// <see cref="TrainingEngine.Kernels"/> the evaluations by <see cref="PredictionEngine.Inference"/> where it can compute the network.
    /// Default: <see cref="TrainingEngine.Kernels"/>.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="TrainingEngine"/>.</exception>
    public TrainingEngine Engine
    {
        get;
        init => field = Require.Defined(this, value);
    }

    /// <summary>
    /// Whether batch norms compute their statistics over the images of all processes, where several train: networks then learn the same
    /// with any number of processes. Otherwise over those of each process, which is faster. Default: false.
    /// </summary>
    /// <remarks>
    /// PyTorch's <c>SyncBatchNorm</c>. Networks with <c>Norm.From</c> are refused, and hooks of batch norms do not run.
    /// </remarks>
    public bool SynchronizedNorms { get; init; }

    /// <summary>Trains on smaller images at first. Default: null, all images have the same size.</summary>
    public ProgressiveSize? ProgressiveSize { get; init; }

    /// <summary>The number of epochs between evaluations, at least 1; the last epoch is always evaluated. Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int EvaluateEvery
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 1;

    /// <summary>Ends the run early when its accuracy no longer rises. Default: null, the run has its full length.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>The treatment of a loss that is not finite. Default: <see cref="OnNonFiniteLoss.Stop"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="TrainingLoop.OnNonFiniteLoss"/>.</exception>
    public OnNonFiniteLoss OnNonFiniteLoss
    {
        get;
        init => field = Require.Defined(this, value);
    }

    /// <summary>The place and time of checkpoints. Default: null, no checkpoints.</summary>
    [JsonIgnore]
    public CheckpointOptions? Checkpoints { get; init; }
}
