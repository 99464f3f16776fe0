namespace ResNet.Training.Reporting;

/// <summary>What a run was made with, and what is needed to use its network again.</summary>
public sealed record RunSettings
{
    /// <summary>The network's name, one of <see cref="ResNet.Core.ResNets.Names"/>.</summary>
    public required string Network { get; init; }

    /// <summary>The published weights that it began with, as <see cref="ResNet.Core.Weights.PretrainedWeights.Name"/> has them; null for new ones.</summary>
    public string? Pretrained { get; init; }

    /// <summary>The dataset: a name or a folder's path.</summary>
    public required string Dataset { get; init; }

    /// <summary>The share of each class's images that was set aside to evaluate on, as <see cref="Seed"/> decided; null where they have a folder.</summary>
    public double? ValidationSplit { get; init; }

    /// <summary>3 for colour, 1 for grey.</summary>
    public required int Channels { get; init; }

    /// <summary>Height and width of the network's input in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Length of the shorter side before the centre is cut out, for evaluation and prediction.</summary>
    public required int ResizeTo { get; init; }

    /// <summary>Means of the channels.</summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <summary>Standard deviations of the channels.</summary>
    public required IReadOnlyList<float> Deviation { get; init; }

    /// <summary>What was random about the training images.</summary>
    public required Data.Augmentation Augmentation { get; init; }

    /// <summary>Images of a batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Where the weights, the order and the augmentation came from.</summary>
    public required long Seed { get; init; }

    /// <summary>How it was trained.</summary>
    public required Optimization.TrainerOptions Training { get; init; }
}
