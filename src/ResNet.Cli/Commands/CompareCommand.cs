using System.CommandLine;
using System.Text;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Training.Reports;
using ResNet.Training.Reports.Comparison;
using Spectre.Console;

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
            if (path is not null) Console.WriteLine($"The curves are in {path}");
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
        ComparedValues[] rows = [.. comparison.Results, .. comparison.Differences];
        string[] headings = ["", .. comparison.Runs.Select(run => run.Name)];
        if (ConsoleProgress.IsTerminal) AnsiConsole.Write(Boxed(headings, rows));
        else PrintPlain([headings, .. rows.Select(row => (string[])[row.Name, .. row.Values])]);
        if (comparison.ImagesNote is { } note) ConsoleProgress.WriteLine(note);
    }

    private static Table Boxed(string[] headings, ComparedValues[] rows)
    {
        var table = new Table().Border(TableBorder.Rounded);
        foreach (string heading in headings) table.AddColumn(new TableColumn(new Text(heading)));
        foreach (var row in rows) table.AddRow(row.Values.Prepend(row.Name).Select(value => new Text(value)));
        return table;
    }

    // The format for files and other programs: columns of fixed width, with two spaces between them.
    private static void PrintPlain(string[][] lines)
    {
        int[] widths = [.. lines[0].Select((_, column) => lines.Max(line => line[column].Length))];
        foreach (string[] line in lines)
            Console.WriteLine(string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
