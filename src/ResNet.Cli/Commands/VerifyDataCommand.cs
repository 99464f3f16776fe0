using System.CommandLine;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Training.Data.Folders;

namespace ResNet.Cli.Commands;

/// <summary><c>verify-data</c>: decodes every image of a data set once and lists all faults.</summary>
internal static class VerifyDataCommand
{
    private const int ListedAtMost = 20;

    internal static Command Create(CancellationToken cancellationToken)
    {
        var folder = new Argument<string>("FOLDER")
        {
            Description = "A folder with train/ and val/ or test/, or one of class folders, or the name of a known data set.",
        };
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
            folder, minimumSize, workers, all, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            var options = new VerificationOptions { MinimumSize = parsed.GetValue(minimumSize), Workers = parsed.GetValue(workers) };
            string root = DataSource.Locate(parsed.GetValue(folder)!, cancellationToken);
            if (string.IsNullOrWhiteSpace(root))
                throw new CommandLineException("FOLDER is empty, but has to be the path of a folder of images.");
            var folders = ImageFolder.OpenAll(root);
            var report = ConsoleProgress.Prepare(progress => ImageFolder.Verify(folders, options, progress, cancellationToken));
            var document = new
            {
                report.Images, Classes = folders[0].Classes.Count, report.IsClean, report.Broken, report.TooSmall,
                report.InSeveralClasses, report.InOneClass,
            };
            int atMost = parsed.GetValue(all) ? int.MaxValue : ListedAtMost;
            JsonOutput.Show(document, () => Print(report, folders, root, options.MinimumSize, atMost));
            return report.IsClean ? ExitCode.Success : ExitCode.Error;
        });
        return command;
    }

    private static void Print(VerificationReport report, IReadOnlyList<ImageFolder> folders, string root, int minimumSize, int atMost)
    {
        Console.WriteLine(
            $"Checked {Counted.Images(report.Images)} of {Counted.Classes(folders[0].Classes.Count)} in "
            + $"{string.Join(" and ", folders.Select(one => one.Root))}");
        string Short(string path) => Path.GetRelativePath(root, path);
        string Together(RepeatedImage image) => string.Join(" = ", image.Paths.Select(Short));

        List("Broken", [.. report.Broken.Select(image => $"{Short(image.Path)}: {image.Reason}")], atMost);
        var tooSmall = report.TooSmall.Select(image => $"{Short(image.Path)}: {image.Width} × {image.Height}");
        List($"Smaller than {minimumSize} pixels", [.. tooSmall], atMost);
        List("The same image in different classes", [.. report.InSeveralClasses.Select(Together)], atMost);
        // The remaining findings are for people to judge; they do not make the data invalid.
        var inBoth = report.InOneClass.Where(image => image.Roots.Count > 1);
        List("The same image to train on and to evaluate on", [.. inBoth.Select(Together)], atMost);
        List("The same image several times", [.. report.InOneClass.Where(image => image.Roots.Count == 1).Select(Together)], atMost);
        Console.WriteLine(report.IsClean ? "No problems found." : "These images need a look.");
    }

    private static void List(string heading, IReadOnlyList<string> lines, int atMost)
    {
        if (lines.Count == 0) return;
        Console.WriteLine($"{heading}: {lines.Count:N0}");
        foreach (string line in lines.Take(atMost)) Console.WriteLine($"  {line}");
        if (lines.Count > atMost) Console.WriteLine($"  and {lines.Count - atMost:N0} more (--all lists them)");
    }
}
