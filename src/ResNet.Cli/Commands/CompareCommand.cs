using System.CommandLine;
using System.Text;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Training.Reports;
using ResNet.Training.Reports.Comparison;

namespace ResNet.Cli.Commands;

/// <summary><c>compare</c>: shows several runs side by side.</summary>
internal static class CompareCommand
{
    internal static Command Create()
    {
        var runs = new Argument<string[]>("RUN") { Description = "The folders of two or more runs.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string?>("--output")
        {
            Description = "An HTML file to draw them in, with their curves.",
            HelpName = "FILE",
        };
        var command = new Command(
            "compare", "Prints what came out of several runs and the settings that differ, for example: "
                + "compare runs/a runs/b --output compare.html")
        {
            runs, output, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            var comparison = RunComparison.Read(parsed.GetValue(runs)!);
            string? path = parsed.GetValue(output);
            // The page is written before anything is shown, since writing may fail.
            if (path is not null) AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(HtmlReport.Compare(comparison))));
            JsonOutput.Show(Describe(comparison), () => Print(comparison));
            if (path is not null) Console.WriteLine($"The curves are in {LineBreaks.Quote(path)}");
            return ExitCode.Success;
        });
        return command;
    }

    // The document has the exact numbers; people see rounded ones.
    private static object Describe(RunComparison comparison) => new
    {
        Runs = comparison.Runs.Select(run => run.Name),
        comparison.IsRanked,
        comparison.ImagesNote,
        Results = comparison.Runs.Select(run => new
        {
            Run = run.Name,
            run.Best,
            run.FinalValidationLoss,
            run.FinalTrainLoss,
            TrainingSeconds = run.TrainingTime?.TotalSeconds,
            run.Epochs,
        }),
        Differences = comparison.Differences.Select(setting => new
        {
            Setting = setting.Name,
            Values = comparison.Runs.Select(run => run.Settings.FirstOrDefault(own => own.Name == setting.Name).Value),
        }),
    };

    private static void Print(RunComparison comparison)
    {
        string[] headings = ["", .. comparison.Runs.Select(run => run.Name)];
        string[][] rows = [.. comparison.Results.Concat(comparison.Differences).Select(row => (string[])[row.Name, .. row.Values])];
        // Files and other programs get whole lines.
        int width = ConsoleProgress.IsTerminal && Console.WindowWidth > 0 ? Console.WindowWidth : int.MaxValue;
        foreach (string line in ComparisonTable.Lines(headings, rows, width)) Console.WriteLine(line);
        if (comparison.ImagesNote is { } note) Console.WriteLine(note);
    }
}
