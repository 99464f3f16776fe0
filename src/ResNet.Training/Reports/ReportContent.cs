using ResNet.Training.Data.Manifests;
using ResNet.Training.Evaluation;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Reports;

/// <summary>The content of a report; empty parts are left out.</summary>
public sealed record ReportContent
{
    /// <summary>The report's title, such as the network's name.</summary>
    public required string Title { get; init; }

    /// <summary>A line below it, such as the dataset's name.</summary>
    public string? Subtitle { get; init; }

    /// <summary>The duration of the run so far.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The results of the epochs, in order.</summary>
    public required IReadOnlyList<EpochMetrics> Epochs { get; init; }

    /// <summary>The results of the steps, or of some of them, in order.</summary>
    public IReadOnlyList<StepMetrics> Steps { get; init; } = [];

    /// <summary>Sentences about the data that readers should know, such as that the best epoch was chosen on the test images.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The result of an evaluation.</summary>
    public EvaluationResult? Evaluation { get; init; }

    /// <summary>The evaluated weights, such as <c>averaged weights, epoch 12</c>.</summary>
    public string? EvaluationOf { get; init; }

    /// <summary>The result of the best weights on test images, which had no part in choosing them.</summary>
    public EvaluationResult? Test { get; init; }

    /// <summary>The names of the classes.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>The most confident mistakes of that evaluation, as <see cref="ReportMistake.Draw"/> makes them.</summary>
    public IReadOnlyList<ReportMistake> Mistakes { get; init; } = [];

    /// <summary>Training images as the network saw them, as <see cref="ReportSample.Draw"/> makes them.</summary>
    public IReadOnlyList<ReportSample> Samples { get; init; } = [];

    /// <summary>Whether the training mixes images, which then have no single class to measure an accuracy with. Default: false.</summary>
    public bool MixesImages { get; init; }

    /// <summary>
    /// The images of the run: the report counts those of each class, lists images that are there more than once, and names the paths of
    /// mistakes as they are in it. Null if they are not known.
    /// </summary>
    public DatasetManifest? Manifest { get; init; }

    /// <summary>The section about <see cref="Manifest"/>, which is the same after each epoch; null if it is not written yet.</summary>
    internal string? Images { get; init; }

    /// <summary>The run's settings.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings { get; init; } = [];

    /// <summary>The run's environment, as <see cref="RunEnvironment.Describe"/> lists it.</summary>
    public IReadOnlyList<(string Name, string Value)> Environment { get; init; } = [];
}
