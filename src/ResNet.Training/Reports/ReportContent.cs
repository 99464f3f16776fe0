using ResNet.Training.Evaluation;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Reports;

/// <summary>What a report tells; what is empty is left out of it.</summary>
public sealed record ReportContent
{
    /// <summary>What the report is called, such as the network's name.</summary>
    public required string Title { get; init; }

    /// <summary>A line below it, such as the dataset's name.</summary>
    public string? Subtitle { get; init; }

    /// <summary>How long the run has taken so far.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>What came out of each epoch, in their order.</summary>
    public required IReadOnlyList<EpochMetrics> Epochs { get; init; }

    /// <summary>What came out of the steps, or of some of them, in their order.</summary>
    public IReadOnlyList<StepMetrics> Steps { get; init; } = [];

    /// <summary>All that an evaluation found.</summary>
    public EvaluationResult? Evaluation { get; init; }

    /// <summary>Which weights that was of, such as <c>averaged weights, epoch 12</c>.</summary>
    public string? EvaluationOf { get; init; }

    /// <summary>The names of the classes.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>The most confident mistakes of that evaluation, as <see cref="ReportMistake.Draw"/> makes them.</summary>
    public IReadOnlyList<ReportMistake> Mistakes { get; init; } = [];

    /// <summary>What the run was made with.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings { get; init; } = [];

    /// <summary>What it ran on; <see cref="RunEnvironment.Describe"/> tells.</summary>
    public IReadOnlyList<(string Name, string Value)> Environment { get; init; } = [];
}
