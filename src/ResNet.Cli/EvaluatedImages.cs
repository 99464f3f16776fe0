using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Training;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Runs;

namespace ResNet.Cli;

/// <summary>The images that a run is evaluated on, none of which it was trained on.</summary>
/// <param name="Root">The folder or pack that has them.</param>
/// <param name="Split">The part of the data set; null if there are no parts.</param>
/// <param name="Source">The images.</param>
internal sealed record EvaluatedImages(string Root, DatasetSplit? Split, IImageSource Source)
{
    /// <summary>Images that are new since the run; they are not evaluated.</summary>
    internal int New { get; private init; }

    /// <summary>Images that the run set aside and whose content changed; they are not evaluated.</summary>
    internal int Changed { get; private init; }

    /// <summary>Images that the run set aside and that are no longer there.</summary>
    internal int Gone { get; private init; }

    /// <summary>
    /// Images that the run was trained on, by their content; they are not evaluated, unless the training images are asked for.
    /// </summary>
    internal int TrainedOn { get; private init; }

    /// <summary>A line about the differences; null if there are none.</summary>
    internal string? Note { get; private init; }

    /// <summary>The images that the run itself set aside, whatever was added, moved or renamed since.</summary>
    internal static EvaluatedImages SetAside(RunFolder run, DatasetSplit? asked, CancellationToken cancellationToken)
    {
        if (run.Manifest is not { } manifest)
        {
            throw new RunFolderException(
                $"The run '{run.Path}' has no images.tsv, so which images it set aside is not known: name the images by --dataset.");
        }
        var split = asked ?? manifest.EvaluationSplit;
        if (manifest.Entries.All(entry => entry.Split != split))
            throw new CommandLineException($"The run '{run.Path}' has no {Name(split)} images: leave --split out.");
        string root = DataSource.Locate(run.Settings.Dataset, cancellationToken);
        return File.Exists(Path.Join(root, DataSource.TrainPack))
            ? OfPack(run, manifest, split, cancellationToken)
            : OfFolder(run, manifest, split, root);
    }

    /// <summary>The images of another data set, without those that the run was trained on.</summary>
    internal static EvaluatedImages Of(RunFolder run, string name, DatasetSplit? split, int workers, CancellationToken cancellationToken)
    {
        string root = DataSource.Locate(name, cancellationToken);
        if (File.Exists(Path.Join(root, DataSource.TrainPack)) || File.Exists(root))
        {
            var packs = DataSource.Open(name, new SplitOptions(), cancellationToken);
            var set = Choose(packs, split);
            RefuseOtherClasses(run, set.Classes, mayLack: []);
            return OfOtherPack(run, set, split);
        }
        var images = DatasetSplits.OpenOne(root, split, run.Settings.Splits);
        RefuseOtherClasses(run, images.Classes, run.Settings.OnlyInTrain ?? []);
        images = images.WithClasses(run.Classes);
        if (run.Manifest is not { IsOfPacks: false } manifest) return new(images.Root, split, images) { Note = Unknown(run) };

        var now = ConsoleProgress.Prepare(progress => DatasetManifest.Create(
            root, [(split ?? DatasetSplit.Validation, images)], workers, progress, cancellationToken));
        var trainedOn = manifest.FindTrained(now).Select(entry => entry.Path).ToHashSet();
        bool wantsThem = split == DatasetSplit.Train;
        int[] kept = [.. Enumerable.Range(0, images.Count).Where(i => wantsThem || !trainedOn.Contains(images.Samples[i].PathBelow(root)))];
        if (kept.Length == 0)
        {
            throw new DatasetException(
                $"The run '{run.Path}' was trained on all of the {Counted.Images(images.Count)} in '{images.Root}': evaluate it on others, "
                + "or leave --dataset out to evaluate it on those that it set aside.");
        }
        return new(images.Root, split, images.Subset(kept))
        {
            TrainedOn = trainedOn.Count,
            Note = trainedOn.Count == 0 ? null
                : wantsThem ? $"The run was trained on {trainedOn.Count:N0} of these images."
                : $"Left out, because the run was trained on them: {Counted.Images(trainedOn.Count)}.",
        };
    }

    private static EvaluatedImages OfOtherPack(RunFolder run, ImageSet set, DatasetSplit? split)
    {
        if (run.Manifest is not { IsOfPacks: true } manifest) return new(set.Root, split, set.Source) { Note = Unknown(run) };
        int trainedOn = manifest.FindTrained(DatasetManifest.Create([(split ?? DatasetSplit.Validation, set.Pack!)])).Count;
        if (trainedOn > 0 && split != DatasetSplit.Train)
        {
            throw new DatasetException(
                $"The run '{run.Path}' was trained on {trainedOn:N0} of the {Counted.Images(set.Count)} in '{set.Root}': evaluate it on "
                + "others, or say --split train.");
        }
        return new(set.Root, split, set.Source)
        {
            TrainedOn = trainedOn,
            Note = trainedOn > 0 ? $"The run was trained on {trainedOn:N0} of these images." : null,
        };
    }

    private static string Unknown(RunFolder run) => run.Manifest is null
        ? "The run has no images.tsv, so whether it was trained on some of these images is not known."
        : "Packs and folders cannot be compared, so whether the run was trained on some of these images is not known.";

    private static EvaluatedImages OfFolder(RunFolder run, DatasetManifest manifest, DatasetSplit split, string root)
    {
        var found = manifest.FindUnchanged(root, split, out var changed, out var gone);
        if (found.Count == 0)
        {
            throw new DatasetException(
                $"None of the {Name(split)} images of the run '{run.Path}' is in '{root}' any more as it was: put them back, or name the "
                + "images by --dataset.");
        }
        var labels = run.Classes.Select((name, label) => (name, label)).ToDictionary(one => one.name, one => one.label);
        if (found.FirstOrDefault(entry => !labels.ContainsKey(entry.Class)) is { Class: { } stranger })
        {
            throw new RunFolderException(
                $"The images.tsv and the classes.txt of the run '{run.Path}' contradict each other: only the first has the class "
                + $"'{stranger}'.");
        }
        var samples = found.Select(entry => new ImageSample(Path.Join(root, entry.Path), labels[entry.Class])).ToList();
        var known = manifest.Entries.Select(entry => entry.Path).ToHashSet();
        var parts = OpenAll(root, run, out string? unlisted);
        int added = parts.SelectMany(part => part.Images.Samples)
            .Count(sample => !known.Contains(sample.PathBelow(root)));
        string place = parts.Select(part => part.Images.Root).FirstOrDefault(
            folder => samples.TrueForAll(sample => sample.Path.StartsWith(folder + "/", StringComparison.Ordinal)), root);
        int leaks = manifest.FindLeaks().Count(leak => leak.Evaluated.Split == split);
        string[] changes =
        [
            .. added > 0 ? [$"{added:N0} new"] : Array.Empty<string>(),
            .. changed.Count > 0 ? [$"{changed.Count:N0} changed"] : Array.Empty<string>(),
            .. gone.Count > 0 ? [$"{gone.Count:N0} gone"] : Array.Empty<string>(),
        ];
        return new(place, split, new FileImageSource(samples))
        {
            New = added,
            Changed = changed.Count,
            Gone = gone.Count,
            Note = Join(
                split == DatasetSplit.Train ? "These are the images that the run was trained on." : null,
                changes.Length == 0
                    ? null
                    : $"Images have changed since the run: {string.Join(", ", changes)}. "
                        + $"The {Name(split)} images that are as they were are evaluated.",
                leaks == 0 ? null : $"{Counted.Images(leaks)} of them had the bytes of a training image.",
                unlisted is null ? null : $"Whether there are new images is not known: {unlisted}"),
        };
    }

    private static string? Join(params string?[] sentences) =>
        string.Join(' ', sentences.OfType<string>()) is { Length: > 0 } text ? text : null;

    // New images, or none of another split, must not keep those from being evaluated that the run set aside.
    private static IReadOnlyList<(DatasetSplit? Split, ImageFolder Images)> OpenAll(string root, RunFolder run, out string? refusal)
    {
        try
        {
            refusal = null;
            return DatasetSplits.OpenAll(root, run.Settings.Splits);
        }
        catch (DatasetException refused)
        {
            refusal = refused.Message;
            return [];
        }
    }

    private static EvaluatedImages OfPack(RunFolder run, DatasetManifest manifest, DatasetSplit split, CancellationToken cancellationToken)
    {
        var data = DataSource.Open(run.Settings.Dataset, run.Settings.Splits, cancellationToken);
        if (manifest.CompareTo(data.CreateManifest(workers: 1, cancellationToken)) is { IsSame: false } changes)
        {
            throw new DatasetException(
                $"The packs in '{data.Root}' are not those of the run '{run.Path}': {changes.Describe()}. Put them back, or name the "
                + "images by --dataset.");
        }
        var set = Choose(data, split);
        return new(set.Root, split, set.Source);
    }

    private static ImageSet Choose(DataSource data, DatasetSplit? split) => split switch
    {
        null => data.Evaluation,
        DatasetSplit.Train => data.Train,
        DatasetSplit.Validation when !data.EvaluatesOnTest => data.Evaluation,
        DatasetSplit.Test when data.EvaluatesOnTest => data.Evaluation,
        DatasetSplit.Test when data.Test is not null => data.Test,
        _ => throw new DatasetException($"'{data.Root}' has no {Name(split.Value)} images: leave --split out."),
    };

    private static void RefuseOtherClasses(RunFolder run, IReadOnlyList<string> found, IReadOnlyList<string> mayLack)
    {
        var needed = run.Classes.Except(found).Except(mayLack).FirstOrDefault();
        if (found.Count > run.Classes.Count || needed is not null && found.Count != run.Classes.Count)
        {
            throw new DatasetException(
                $"The network tells {run.Classes.Count} classes apart, but the dataset has {found.Count}: "
                + "evaluate it on a dataset with the classes it was trained on.");
        }
        if (found.Except(run.Classes).FirstOrDefault() is { } other)
        {
            throw new DatasetException(
                $"The network's class is '{needed}', but the dataset's is '{other}': "
                + "evaluate it on a dataset with the classes it was trained on.");
        }
    }

    private static string Name(DatasetSplit split) => split switch
    {
        DatasetSplit.Train => "training",
        DatasetSplit.Validation => "validation",
        _ => "test",
    };
}
