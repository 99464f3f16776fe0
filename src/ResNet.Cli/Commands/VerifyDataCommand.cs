using System.CommandLine;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Training;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Similarity;
using ResNet.Training.Runs;

namespace ResNet.Cli.Commands;

/// <summary><c>verify-data</c>: decodes every image of a data set once and lists all faults.</summary>
internal static class VerifyDataCommand
{
    private const int ListedAtMost = 20;
    private const int NamedOfGroup = 4;

    internal static Command Create(CancellationToken cancellationToken)
    {
        var folder = new Argument<string>("FOLDER")
        {
            Description = "A folder with train/ and val/ or test/, or one of class folders, or the name of a known data set.",
        };
        folder.Arity = ArgumentArity.ZeroOrOne;
        var run = new Option<string?>("--run")
        {
            Description = "Compares the images with those that a run began with: the folder of the run. FOLDER is where they are now. "
                + "Default of FOLDER: where they were.",
            HelpName = "FOLDER",
        };
        var extensions = LoadingOptions.Extensions();
        var minimumSize = new Option<int>("--min-size")
        {
            Description = "An image with fewer pixels in width or height is too small.",
            HelpName = "PIXELS",
            DefaultValueFactory = _ => 1,
        };
        var workers = LoadingOptions.Workers();
        var all = new Option<bool>("--all")
        {
            Arity = ArgumentArity.Zero,
            Description = $"Lists everything that is found, not only the first {ListedAtMost} of a kind.",
        };
        var command = new Command(
            "verify-data", "Finds images that are broken, too small, or the same in two classes; the exit code is 1 where there are any, "
                + "for example: verify-data photos --min-size 32")
        {
            folder, run, minimumSize, extensions, workers, all, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            var options = new VerificationOptions { MinimumSize = parsed.GetValue(minimumSize), Workers = parsed.GetValue(workers) };
            int atMost = parsed.GetValue(all) ? int.MaxValue : ListedAtMost;
            string? name = parsed.GetValue(folder);
            bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };
            if (parsed.GetValue(run) is not null && new Option[] { minimumSize, extensions }.FirstOrDefault(IsGiven) is { } other)
            {
                throw new CommandLineException(
                    $"{other.Name} has no meaning with --run, which compares with the run's images: leave it out.");
            }
            if (parsed.GetValue(run) is not null)
                return Compare(RunFolder.Open(parsed.GetValue(run)!), name, options.Workers, atMost, cancellationToken);
            if (string.IsNullOrWhiteSpace(name))
                throw new CommandLineException("FOLDER is empty, but has to be the path of a folder of images.");
            string root = DataSource.Locate(name, cancellationToken);
            var splits = new SplitOptions { Extensions = parsed.GetValue(extensions) ?? ImageFolder.Extensions };
            ImageFolder[] folders = [.. DatasetSplits.OpenAll(root, splits).Select(part => part.Images)];
            var report = ConsoleProgress.Prepare(progress => ImageFolder.Verify(folders, options, progress, cancellationToken));
            var document = new
            {
                report.Images, Classes = folders[0].Classes.Count, report.IsClean, report.Broken, report.TooSmall,
                report.InSeveralClasses, report.InOneClass, report.Similar,
                PassedOver = folders.SelectMany(images => images.PassedOver).GroupBy(ending => ending.Key)
                    .ToDictionary(same => same.Key, same => same.Sum(ending => ending.Value)),
            };
            JsonOutput.Show(document, () => Print(report, folders, root, options.MinimumSize, atMost));
            return report.IsClean ? ExitCode.Success : ExitCode.Error;
        });
        return command;
    }

    private static void Print(VerificationReport report, ImageFolder[] folders, string root, int minimumSize, int atMost)
    {
        Console.WriteLine(
            $"Checked {Counted.Images(report.Images)} of {Counted.Classes(folders[0].Classes.Count)} in "
            + $"{string.Join(" and ", folders.Select(one => one.Root))}");
        foreach (var images in folders.Where(images => images.PassedOver.Count > 0))
        {
            Console.WriteLine(
                $"Passed over in {images.Root}: {DataSource.Endings(images)} (--extensions says which endings are those of images)");
        }
        string Short(string path) => Path.GetRelativePath(root, path);
        string Together(RepeatedImage image) => string.Join(" = ", image.Paths.Select(Short));

        List("Cannot be read", [.. report.Broken.Select(image => $"{Short(image.Path)}: {image.Reason}")], atMost);
        var tooSmall = report.TooSmall.Select(image => $"{Short(image.Path)}: {image.Width} × {image.Height}");
        List($"Smaller than {minimumSize} pixels", [.. tooSmall], atMost);
        List("The same image in different classes", [.. report.InSeveralClasses.Select(Together)], atMost);
        // The remaining findings are for people to judge; they do not make the data invalid.
        var inBoth = report.InOneClass.Where(image => image.Roots.Count > 1);
        List("The same image to train on and to evaluate on", [.. inBoth.Select(Together)], atMost);
        List("The same image several times", [.. report.InOneClass.Where(image => image.Roots.Count == 1).Select(Together)], atMost);
        PrintSimilar(report.Similar, Short, atMost);
        Console.WriteLine(
            !report.IsClean ? "These images need a look."
            : report.InOneClass.Count > 0 || report.Similar.Count > 0 ? "All images can be used; look at the repeated ones."
            : "No problems found.");
    }

    private static void PrintSimilar(IReadOnlyList<SimilarImages> groups, Func<string, string> shorten, int atMost)
    {
        string Together(SimilarImages group)
        {
            int named = atMost == int.MaxValue ? group.Paths.Count : NamedOfGroup;
            string names = string.Join(" ~ ", group.Paths.Take(named).Select(shorten));
            return group.Paths.Count > named ? $"{names} and {group.Paths.Count - named:N0} more" : names;
        }
        var inBoth = groups.Where(group => group.Roots.Count > 1);
        List("Almost the same image to train on and to evaluate on", [.. inBoth.Select(Together)], atMost);
        var inClasses = groups.Where(group => group.Roots.Count == 1 && group.Classes.Count > 1);
        List("Almost the same image in different classes", [.. inClasses.Select(Together)], atMost);
        var rest = groups.Where(group => group.Roots.Count == 1 && group.Classes.Count == 1).ToList();
        if (rest.Count > 0 && atMost < int.MaxValue)
            Console.WriteLine($"Almost the same image several times in a class: {rest.Count:N0} (--all lists them)");
        else
            List("Almost the same image several times in a class", [.. rest.Select(Together)], atMost);
    }

    private static int Compare(RunFolder run, string? name, int workers, int atMost, CancellationToken cancellationToken)
    {
        if (run.Manifest is not { } before)
            throw new RunFolderException($"The run '{run.Path}' has no images.tsv, so what it was trained on is not known.");
        string dataset = name ?? run.Settings.Dataset;
        var now = DataSource.Open(dataset, run.Settings.Splits, cancellationToken).CreateManifest(workers, cancellationToken);
        var changes = before.CompareTo(now);
        var document = new
        {
            Run = run.Path, Dataset = dataset, Images = before.Entries.Count, changes.IsSame, changes.New, changes.Gone, changes.Changed,
            Moved = changes.Moved.Select(moved => new { moved.Before, moved.Now }),
        };
        JsonOutput.Show(document, () =>
        {
            Console.WriteLine(
                $"Compared {Counted.Images(now.Entries.Count)} of {dataset} with the {before.Entries.Count:N0} of {run.Path}");
            List("New", [.. changes.New.Select(entry => entry.Path)], atMost);
            List("Gone", [.. changes.Gone.Select(entry => entry.Path)], atMost);
            List("Changed", [.. changes.Changed.Select(entry => entry.Path)], atMost);
            List("Moved", [.. changes.Moved.Select(moved => $"{moved.Before.Path} to {moved.Now.Path} ({moved.Now.Class})")], atMost);
            Console.WriteLine(changes.IsSame ? "They are the same." : "The images have changed since the run began.");
        });
        return changes.IsSame ? ExitCode.Success : ExitCode.Error;
    }

    private static void List(string heading, IReadOnlyList<string> lines, int atMost)
    {
        if (lines.Count == 0) return;
        Console.WriteLine($"{heading}: {lines.Count:N0}");
        foreach (string line in lines.Take(atMost)) Console.WriteLine($"  {line}");
        if (lines.Count > atMost) Console.WriteLine($"  and {lines.Count - atMost:N0} more (--all lists them)");
    }
}
