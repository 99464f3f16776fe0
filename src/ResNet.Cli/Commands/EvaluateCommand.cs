using System.CommandLine;
using System.Globalization;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Training.Data.Folders;
using ResNet.Training.Evaluation;
using ResNet.Training.Evaluation.Binary;
using ResNet.Training.Loading;
using ResNet.Training.Runs;

namespace ResNet.Cli.Commands;

/// <summary><c>evaluate</c>: computes loss, accuracy and calibration of a run's network.</summary>
internal static class EvaluateCommand
{
    // Of more classes, only the hardest are printed.
    private const int MostClasses = 20;

    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = RunOption.Create();
        var dataset = new Option<string?>("--dataset")
        {
            Description = DataSource.Description + " A folder of class folders will do. Images that the run was trained on are left out. "
                + "Default: the images that the run set aside.",
            HelpName = "NAME|FOLDER",
        };
        var split = new Option<DatasetSplit?>("--split")
        {
            Description = "The part to evaluate on. Default: validation, or test if there are no validation images.",
            HelpName = "train|validation|test",
        };
        var device = Devices.Option();
        var engine = Engines.Option();
        var workers = LoadingOptions.Workers();
        var onUnreadable = LoadingOptions.OnUnreadable();
        var flips = new Option<bool>("--flips")
        {
            Description = "Looks at each image mirrored as well and averages the probabilities, which takes twice the time.",
        };
        var thresholdFor = new Option<string?>("--threshold-for")
        {
            Description = "For two classes: chooses the threshold with the highest F1 or balanced accuracy on these images, or the best "
                + "one with at least this precision or recall of the positive class. It goes to the run folder, and 'predict' uses it.",
            HelpName = "f1|balanced|precision=P|recall=P",
        };
        var positive = new Option<string?>("--positive")
        {
            Description = "The class of two that curves and threshold are for. Default: the second one.",
            HelpName = "CLASS",
        };
        var command = new Command(
            "evaluate", "Prints loss, accuracy and calibration error of a trained network, and the results of each class, "
                + "for example: evaluate --run runs/mine")
        {
            run, dataset, split, device, engine, workers, onUnreadable, flips, thresholdFor, positive, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            var rule = parsed.GetValue(thresholdFor) is { } text ? ThresholdRule.Parse(text) : null;
            var place = Devices.Parse(parsed.GetValue(device));
            var trained = RunOption.Open(parsed.GetValue(run));
            if (rule is not null && parsed.GetValue(flips))
                throw new CommandLineException("--threshold-for is for 'predict', which does not mirror images: leave --flips out.");
            int positiveClass = PositiveClass(trained, rule, parsed.GetValue(positive));
            var loader = trained.EvaluationOptions with
            {
                Workers = parsed.GetValue(workers),
                OnUnreadableImage = parsed.GetValue(onUnreadable),
            };
            var evaluated = parsed.GetValue(dataset) is { } other
                ? EvaluatedImages.Of(trained, other, parsed.GetValue(split), loader.Workers, cancellationToken)
                : EvaluatedImages.SetAside(trained, parsed.GetValue(split), cancellationToken);
            using var model = trained.LoadModel(place);
            var images = new ImageLoader(evaluated.Source, trained.Settings.EvaluationTransforms, loader);
            var evaluator = new Evaluator(images, new EvaluatorOptions
            {
                Flips = parsed.GetValue(flips), PositiveClass = positiveClass, Engine = parsed.GetValue(engine),
            });
            var result = ConsoleProgress.Run(progress => evaluator.Evaluate(model, progress, cancellationToken));
            var threshold = rule is null ? null : Choose(result, rule, trained, positiveClass, evaluated.Root);
            if (threshold is not null) trained.SaveThreshold(threshold);
            var document = new
            {
                Run = trained.Path, trained.Settings.Network, Dataset = evaluated.Root, evaluated.Split, evaluated.New, evaluated.Changed,
                evaluated.Gone, evaluated.TrainedOn, result.Images,
                result.Loss, result.Top1, result.Top5, result.BalancedAccuracy, result.MacroF1, result.CalibrationError,
                result.ImagesPerSecond, Engine = $"{result.Engine}".ToLowerInvariant(), images.SkippedImages,
                Collapse = result.DescribeCollapse(trained.Classes),
                PositiveClass = result.Binary is null ? null : trained.Classes[positiveClass], result.Binary?.RocAuc,
                result.Binary?.AveragePrecision, Threshold = threshold,
                Classes = result.PerClass.Select(row => new
                {
                    Class = trained.Classes[row.Class], Images = row.Support, row.Precision, row.Recall, row.F1,
                }),
            };
            if (evaluated.Note is { } note) Console.WriteLine(note);
            JsonOutput.Show(document, () =>
            {
                Print(result, evaluated.Root, trained.Classes, images.SkippedImages);
                PrintBinary(result, trained.Classes[positiveClass], threshold);
                if (result.DescribeCollapse(trained.Classes) is { } collapse) Console.WriteLine($"Hint: {collapse}");
            });
            return ExitCode.Success;
        });
        return command;
    }

    private static int PositiveClass(RunFolder run, ThresholdRule? rule, string? name)
    {
        if (rule is null && name is null) return 1;
        if (run.Classes.Count != 2)
        {
            throw new CommandLineException(
                $"{(rule is null ? "--positive" : "--threshold-for")} is for networks of two classes, but that of '{run.Path}' has "
                + $"{run.Classes.Count}: leave it out.");
        }
        if (name is null) return 1;
        int index = run.Classes.ToList().IndexOf(name);
        return index >= 0
            ? index
            : throw new CommandLineException($"--positive is '{name}', but has to be one of {string.Join(", ", run.Classes)}.");
    }

    private static DecisionThreshold Choose(EvaluationResult result, ThresholdRule rule, RunFolder run, int positiveClass, string images)
    {
        string name = run.Classes[positiveClass];
        if (result.Binary is not { Points.Count: > 0 } curves)
            throw new CommandLineException($"The images of '{images}' are not of both classes, so there is no threshold to choose.");
        return curves.Choose(rule) is { } point
            ? new DecisionThreshold
            {
                PositiveClass = name, OtherClass = run.Classes[1 - positiveClass], Threshold = point.Threshold, Rule = $"{rule}",
                Dataset = images, Images = result.Images, Precision = point.Precision, Recall = point.Recall,
            }
            : throw new CommandLineException(string.Create(
                CultureInfo.InvariantCulture,
                $"No threshold has {rule} for '{name}' on these images: the highest precision is "
                + $"{curves.Points.Max(other => other.Precision):0.####}."));
    }

    private static void PrintBinary(EvaluationResult result, string positive, DecisionThreshold? threshold)
    {
        if (result.Binary is not { Points.Count: > 0 } curves) return;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  Positive class {positive}: area under the ROC curve {100 * curves.RocAuc:0.00} %, average precision "
            + $"{100 * curves.AveragePrecision:0.00} %"));
        if (threshold is null) return;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  Threshold for {threshold.Rule}: {threshold.Threshold:0.######}, precision {100 * threshold.Precision:0.00} %, "
            + $"recall {100 * threshold.Recall:0.00} % on these images; 'predict' uses it"));
    }

    private static void Print(EvaluationResult result, string images, IReadOnlyList<string> classes, long skipped)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Counted.Images(result.Images)} of {LineBreaks.Quote(images)}: loss {result.Loss:0.0000}, {Accuracy.Describe(result)}, "
            + $"balanced accuracy {result.BalancedAccuracy:0.00} %, mean F1 {100 * result.MacroF1:0.00} %, "
            + $"calibration error {100 * result.CalibrationError:0.00} %, {result.ImagesPerSecond:0} img/s with "
            + $"{Engines.Describe(result.Engine)}{Counted.Skipped(skipped)}"));
        // The hardest classes come first.
        var shown = result.PerClass.Count > MostClasses
            ? result.PerClass.Where(row => row.Support > 0).OrderBy(row => row.F1).Take(MostClasses).ToList()
            : result.PerClass;
        int width = shown.Max(row => classes[row.Class].Length);
        foreach (var row in shown)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {classes[row.Class].PadRight(width)}  precision {100 * row.Precision,6:0.00} %, recall {100 * row.Recall,6:0.00} %, "
                + $"F1 {100 * row.F1,6:0.00} %, {Counted.Images(row.Support)}"));
        }
        if (shown.Count < result.PerClass.Count)
            Console.WriteLine($"  These are the {shown.Count} classes with the lowest F1; --json lists all {result.PerClass.Count}.");
    }
}
