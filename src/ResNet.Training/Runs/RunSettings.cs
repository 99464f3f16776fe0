using System.Text.Json.Serialization;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Published;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Recipes;

namespace ResNet.Training.Runs;

/// <summary>The settings of a run, with all information to use its network again.</summary>
public sealed record RunSettings
{
    /// <summary>The network's name, one of <see cref="ResNet.Core.ResNets.Names"/>.</summary>
    public required string Network { get; init; }

    /// <summary>The published weights that the run began with, by their <see cref="PretrainedWeights.Name"/>; null for new ones.</summary>
    public string? Pretrained { get; init; }

    /// <summary>The dataset: a name or a folder's path.</summary>
    /// <exception cref="InvalidOptionException">The value is empty.</exception>
    public required string Dataset
    {
        get;
        init => field = Require.That(this, value, !string.IsNullOrWhiteSpace(value), "a name or the path of a folder");
    }

    /// <summary>
    /// The share of each class's images set aside for evaluation, chosen by <see cref="Seed"/>; null if they have their own folder.
    /// </summary>
    public double? ValidationSplit { get; init; }

    /// <summary>The classes that may be without images outside the training folder; null for none.</summary>
    public IReadOnlyList<string>? OnlyInTrain { get; init; }

    /// <summary>The endings of the files that count as images; null for <see cref="ImageFolder.Extensions"/>.</summary>
    public IReadOnlyList<string>? Extensions { get; init; }

    /// <summary>3 for colour, 1 for grey.</summary>
    /// <exception cref="InvalidOptionException">The value is neither.</exception>
    public required int Channels
    {
        get;
        init => field = Require.Channels(this, value);
    }

    /// <summary>Height and width of the network's input in pixels.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public required int ImageSize
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>Height and width of training images in pixels; null if they are <see cref="ImageSize"/>.</summary>
    public int? TrainingSize { get; init; }

    /// <summary>Length of the shorter side before the centre is cut out, for evaluation and prediction.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public required int ResizeTo
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>Means of the channels.</summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <summary>Standard deviations of the channels.</summary>
    public required IReadOnlyList<float> Deviation { get; init; }

    /// <summary>The recipe of <see cref="Training"/> and the transforms; null for none.</summary>
    public string? Recipe { get; init; }

    /// <summary>The augmentation of the training images; null if the recipe defines it.</summary>
    public Augmentation? Augmentation { get; init; }

    /// <summary>The number of images of a batch.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public required int BatchSize
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    }

    /// <summary>The choice of the training images of an epoch. Default: <see cref="ImageSampler.Once"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="ImageSampler"/>.</exception>
    public ImageSampler Sampler
    {
        get;
        init => field = Require.Defined(this, value);
    }

    /// <summary>The seed of the weights, the order and the augmentation.</summary>
    public required long Seed { get; init; }

    /// <summary>The treatment of images that cannot be read.</summary>
    public OnUnreadableImage OnUnreadableImage { get; init; }

    /// <summary>Steps from one checkpoint to the next within an epoch; null for none because of steps.</summary>
    public int? CheckpointSteps { get; init; }

    /// <summary>Minutes from one checkpoint to the next within an epoch; null for none because of time.</summary>
    public double? CheckpointMinutes { get; init; }

    /// <summary>The number of the latest checkpoints to keep.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>The options of the training.</summary>
    public required TrainingLoop.TrainerOptions Training { get; init; }

    /// <summary>The options of opening the splits of <see cref="Dataset"/>.</summary>
    [JsonIgnore]
    public SplitOptions Splits => new()
    {
        EvaluationFraction = ValidationSplit,
        Seed = Seed,
        OnlyInTrain = OnlyInTrain ?? [],
        Extensions = Extensions ?? ImageFolder.Extensions,
    };

    /// <summary>The transforms of training images.</summary>
    [JsonIgnore]
    public Compose TrainingTransforms => Recipe is { } recipe && Augmentation is null
        ? TrainingRecipes.Find(recipe).TrainingTransforms(TrainingSize ?? ImageSize, Normalize)
        : (Augmentation ?? Loading.Transforms.Augmentation.None).Transforms(TrainingSize ?? ImageSize, ResizeTo, Normalize);

    /// <summary>The transforms of evaluated images.</summary>
    [JsonIgnore]
    public Compose EvaluationTransforms => Presets.Evaluation(Preprocessing);

    /// <summary>The preprocessing of evaluated images, for other users of the network.</summary>
    [JsonIgnore]
    public Preprocessing Preprocessing => new(ResizeTo, ImageSize, ImageInterpolation.Bilinear, Mean, Deviation);

    private Normalize Normalize => new(Mean, Deviation);
}
