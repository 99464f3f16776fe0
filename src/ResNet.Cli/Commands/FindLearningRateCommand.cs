using System.CommandLine;
using System.Globalization;
using System.Text;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Training.LearningRates;
using ResNet.Training.Reports;
using ResNet.Training.Runs;

namespace ResNet.Cli.Commands;

/// <summary><c>find-lr</c>: tests which learning rates suit a network, its data and its optimizer.</summary>
internal static class FindLearningRateCommand
{
    private static readonly LearningRateFinderOptions s_defaults = new();

    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = new RunArguments(TrainerArguments.OfSteps());
        var from = Rate("--from", "The learning rate of the first step. Default: 1e-5 for sgd, else 1e-6.");
        var to = Rate("--to", "The learning rate of the last step. Default: 10 for sgd, else 1.");
        var steps = new Option<int>("--steps")
        {
            Description = "The number of steps, in which the learning rate rises; at least 10.",
            HelpName = "N",
            DefaultValueFactory = _ => s_defaults.Steps,
        };
        var output = new Option<string>("--output")
        {
            Description = "An HTML file to draw the curve in.",
            HelpName = "FILE",
            DefaultValueFactory = _ => "find-lr.html",
        };
        var command = new Command(
            "find-lr", "Trains for some steps with a rising learning rate, and suggests one, for example: find-lr --dataset photos. "
                + "The options for data and network are those of train");
        run.AddTo(command, [from, to, steps], [output, JsonOutput.Option]);
        command.SetAction(parsed =>
        {
            var test = new LearningRateFinderOptions
            {
                From = parsed.GetValue(from), To = parsed.GetValue(to), Steps = parsed.GetValue(steps),
            };
            string path = parsed.GetValue(output)!;
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
                throw new CommandLineException($"--output is '{path}', but there is no folder '{folder}': make it, or choose another one.");
            if (Directory.Exists(path))
                throw CommandLineException.About(output.Name, $"is '{path}', which is a folder: give the name of an HTML file, too.");
            var (data, settings, device) = run.Read(parsed, cancellationToken, (options, _) => test.Range(options.Optimizer));
            var training = RunArguments.CreateLoader(settings, data, parsed.GetValue(run.Workers));
            var finder = new LearningRateFinder(training, settings.Training, test);
            using var model = RunArguments.CreateNetwork(settings, data, device, hasCheckpoint: false, cancellationToken);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Testing learning rates from {finder.From} to {finder.To} with {settings.Network} on {device}: "
                + $"{Counted.Of(test.Steps, "step", "steps")} with batches of {settings.BatchSize}"));
            var curve = ConsoleProgress.Run(progress => finder.Find(model, progress, cancellationToken));
            // The page is written before anything is shown, since writing may fail.
            string page = LearningRateReport.Create(curve, settings.Network, settings.Dataset);
            AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
            JsonOutput.Show(Describe(curve, settings, path), () => Print(curve));
            Console.WriteLine($"The curve is in {LineBreaks.Quote(path)}");
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(LearningRateCurve curve)
    {
        if (curve.Diverged)
            Console.WriteLine($"Stopped after {Counted.Of(curve.Points.Count, "step", "steps")}, since the loss rose too far");
        Console.WriteLine(curve.Suggestion is { } suggestion
            ? $"Suggested learning rate: {LearningRateReport.FormatRate(suggestion)}, where the loss falls most steeply"
            : "There is no suggestion, since the loss does not fall: try other limits with --from and --to, or more steps with --steps");
        if (curve.Lowest is not { } lowest) return;
        string loss = lowest.Smoothed.ToString("0.0000", CultureInfo.InvariantCulture);
        Console.WriteLine(
            $"The loss is lowest, {loss}, at the learning rate {LearningRateReport.FormatRate(lowest.LearningRate)}; "
            + "a tenth of that rate is "
            + LearningRateReport.FormatRate(lowest.LearningRate / 10));
        if (!curve.Diverged && lowest == curve.Points[^1])
            Console.WriteLine("It still falls at the last learning rate: --to may be too low");
    }

    // The document has the exact numbers; people see rounded ones.
    private static object Describe(LearningRateCurve curve, RunSettings settings, string page) => new
    {
        settings.Network,
        settings.Dataset,
        settings.BatchSize,
        settings.Training.Optimizer,
        curve.Suggestion,
        curve.Lowest,
        curve.TenthOfLowest,
        curve.Diverged,
        Page = page,
        curve.Points,
    };

    private static Option<double?> Rate(string name, string description) =>
        new(name) { Description = description, HelpName = "RATE", CustomParser = result => Number.Parse(result) };
}
