using ResNet.Training.Reports.Charts;

namespace ResNet.Training.Reports.Comparison;

/// <summary>Several runs side by side.</summary>
public sealed class RunComparison
{
    /// <summary>Makes a comparison of these runs.</summary>
    /// <param name="runs">The runs, at least one.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public RunComparison(IReadOnlyList<ComparedRun> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        if (runs.Count == 0) throw new ArgumentException("There are no runs to compare: give at least one.", nameof(runs));
        Runs = runs;
        Results =
        [
            Row("Best top-1", run => Figures.Percent(run.Best?.Top1)),
            Row("Best epoch", run => run.Best is { } best ? $"{best.Epoch}{(best.IsAverage ? ", average" : "")}" : Figures.None),
            Row("Epochs", run => Figures.Whole(run.Epochs.Count)),
            Row("Final validation loss", run => Figures.Loss(run.FinalValidationLoss)),
            Row("Final training loss", run => Figures.Loss(run.FinalTrainLoss)),
            Row("Training time", run => Figures.Duration(run.TrainingTime)),
            Row("Images per second", run => Figures.Speed(Figures.Median(run.Epochs.Select(epoch => epoch.ImagesPerSecond)))),
        ];
        ImagesNote = EvaluatedImages.Describe(runs);
        var names = runs.SelectMany(run => run.Settings).Select(setting => setting.Name).Distinct();
        Differences = [.. names.Select(Setting).Where(row => row.Values.Distinct().Count() > 1)];
    }

    /// <summary>The runs.</summary>
    public IReadOnlyList<ComparedRun> Runs { get; }

    /// <summary>Their results.</summary>
    public IReadOnlyList<ComparedValues> Results { get; }

    /// <summary>The settings in which they differ.</summary>
    public IReadOnlyList<ComparedValues> Differences { get; }

    /// <summary>
    /// A sentence that names the images that each run was evaluated on, if they are not the same for all runs or not known; else null.
    /// Results on different images cannot be ranked, so no run is the best one then. The same images may have other paths.
    /// </summary>
    public string? ImagesNote { get; }

    /// <summary>Whether the runs can be ranked: all were evaluated on the same images of the same classes.</summary>
    public bool IsRanked => ImagesNote is null;

    /// <summary>Reads <c>metrics.csv</c>, <c>settings.json</c> and <c>images.tsv</c> of runs.</summary>
    /// <param name="folders">
    /// Their folders. A run has the name of its folder, or its path if another folder has the same name.
    /// </param>
    /// <exception cref="ArgumentException">There is none.</exception>
    /// <exception cref="RunFolderException">A folder is missing, or a file of it cannot be read.</exception>
    public static RunComparison Read(IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        string[] names = [.. folders.Select(folder => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))))];
        return new RunComparison([.. folders.Select((folder, i) => ComparedRun.Read(folder, IsUnique(names[i]) ? names[i] : folder))]);

        bool IsUnique(string name) => names.Count(other => other == name) == 1;
    }

    private ComparedValues Row(string name, Func<ComparedRun, string> value) => new(name, [.. Runs.Select(value)]);

    private ComparedValues Setting(string name) =>
        Row(name, run => run.Settings.FirstOrDefault(setting => setting.Name == name).Value ?? Figures.None);
}
