using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ResNet.Cli;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace DegradationStudy;

/// <summary>The command line: trains the four networks for the given budget, or resumes the training.</summary>
internal static class StudyCommand
{
    internal const string HowToGoOn = "Stopped; the same command resumes the study.";

    private const int DefaultEvaluations = 20;
    private const double WarmupSteps = 400;
    private const double LongestWarmup = 0.25;

    internal static RootCommand Create(CancellationToken cancellationToken)
    {
        var dataset = new Option<string>("--dataset")
        {
            Description = "cifar10 (downloaded once), or the path of a folder with train/ and test/, "
                + "each with a folder of images for every class.",
            HelpName = "NAME|FOLDER",
            DefaultValueFactory = _ => "cifar10",
        };
        var output = new Option<string>("--output")
        {
            Description = "Where errors, figure and checkpoints go. A study that is there is gone on with.",
            HelpName = "FOLDER",
            DefaultValueFactory = _ => "degradation",
        };
        var steps = new Option<long?>("--steps") { Description = "Steps of each network; the paper has 64,000.", HelpName = "N" };
        var hours = new Option<double?>("--hours")
        {
            Description = "Hours for all four networks together: their speeds are measured, and the steps follow from them.",
            HelpName = "HOURS",
            CustomParser = result => Number(result),
        };
        var evaluations = new Option<int>("--evaluations")
        {
            Description = "How often errors are measured.",
            HelpName = "N",
            DefaultValueFactory = _ => DefaultEvaluations,
        };
        var seed = new Option<long>("--seed")
        {
            Description = "Where the weights, the order and the augmentation come from.",
            HelpName = "N",
            DefaultValueFactory = _ => 0,
        };
        var device = new Option<string>("--device")
        {
            Description = "Where to compute: cpu or cuda. Default: cuda where there is one, else cpu.",
            HelpName = "DEVICE",
            DefaultValueFactory = _ => cuda.is_available() ? "cuda" : "cpu",
        };
        var workers = new Option<int>("--workers")
        {
            Description = "Threads that decode images.",
            HelpName = "N",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var command = new RootCommand(
            "Trains plain and residual networks of 20 and 56 layers on CIFAR-10 as in He et al. 2015, section 4.2, "
            + "in as many steps as there is time for, and draws their training and test errors, for example: degradation-study --hours 8")
        {
            dataset, output, steps, hours, evaluations, seed, device, workers,
        };
        command.SetAction(parsed =>
        {
            string folder = parsed.GetValue(output)!;
            var (count, time, often) = (parsed.GetValue(steps), parsed.GetValue(hours), parsed.GetValue(evaluations));
            Refuse(count, time, often);
            var place = Place(parsed.GetValue(device)!);
            string root = StudyData.Locate(parsed.GetValue(dataset)!, cancellationToken);
            var paper = TrainingRecipes.Find("paper-cifar10");
            var data = StudyData.Open(root, paper, parsed.GetValue(seed), parsed.GetValue(workers));
            var begun = StudySettings.Read(folder);
            long whole = count ?? begun?.Steps ?? StepsIn(time!.Value, often, paper, data, place, cancellationToken);
            var settings = new StudySettings(root, whole, often, parsed.GetValue(seed));
            if (begun is null) settings.Write(folder);
            else if (begun != settings)
                throw new StudyException(
                    $"The study in '{folder}' was begun as {Text(begun)}, "
                    + $"not as {Text(settings)}: give what it was begun with, or another --output.");
            var recipe = paper with { Training = paper.Training with { Schedule = Warmed(paper.Training.Schedule, whole) } };
            Console.WriteLine(
                $"{string.Join(", ", Study.Networks)}: {Text(settings)}, batches of {recipe.BatchSize}, on {place}, "
                + $"{get_num_threads()} threads");
            new Study(folder, settings, recipe, data, place).Run(cancellationToken);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Refuse(long? steps, double? hours, int evaluations)
    {
        if (steps is null == hours is null) throw new StudyException("Give either --steps or --hours.");
        if (evaluations < 1) throw new StudyException($"--evaluations is {evaluations}, but has to be at least 1.");
        if (steps < evaluations)
            throw new StudyException($"--steps is {steps}, but has to be at least the number of --evaluations, {evaluations}.");
        if (hours is not null and not (> 0 and < 10_000))
            throw new StudyException(string.Create(CultureInfo.InvariantCulture, $"--hours is {hours}, but has to be more than 0."));
    }

    private static Device Place(string text) => text switch
    {
        "cpu" => CPU,
        "cuda" when cuda.is_available() => new Device(DeviceType.CUDA, 0),
        "cuda" => throw new StudyException("--device is cuda, but libtorch finds no CUDA device on this machine: use --device cpu."),
        _ => throw new StudyException($"--device is '{text}', but has to be cpu or cuda."),
    };

    private static long StepsIn(
        double hours, int evaluations, Recipe recipe, StudyData data, Device device, CancellationToken cancellationToken)
    {
        Console.WriteLine("Measuring how fast the networks are");
        var (step, measuring) = (TimeSpan.Zero, TimeSpan.Zero);
        foreach (string network in Study.Networks)
        {
            var (ofStep, ofMeasurement) = Study.Probe(network, recipe, data, device, cancellationToken);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{network,-9} {recipe.BatchSize / ofStep.TotalSeconds:0} img/s, {ofMeasurement.TotalSeconds:0} s to measure errors"));
            (step, measuring) = (step + ofStep, measuring + (evaluations * ofMeasurement));
        }
        var left = TimeSpan.FromHours(hours) - measuring;
        long steps = (long)(left / step);
        return steps >= evaluations
            ? steps
            : throw new StudyException(string.Create(
                CultureInfo.InvariantCulture,
                $"--hours is {hours}, but {evaluations} steps of each network and measuring {evaluations} times take "
                + $"{(measuring + (evaluations * step)).TotalHours:0.0} h: give more hours or fewer --evaluations."));
    }

    // At the full rate from the first step on the residual network of 56 layers diverges, here as in PyTorch. The paper begins at a
    // tenth with its network of 110 layers, for about 400 steps; here the rate rises from there on, for all four networks alike.
    private static LearningRateSchedule Warmed(LearningRateSchedule schedule, long steps) =>
        schedule with { Warmup = Math.Min(LongestWarmup, WarmupSteps / steps), WarmupStart = 0.1 };

    private static string Text(StudySettings settings) => string.Create(
        CultureInfo.InvariantCulture, $"{settings.Steps:N0} steps each with errors measured {settings.Evaluations} times "
            + $"on '{settings.Dataset}', seed {settings.Seed}");

    // Uses a decimal point in any language of the machine.
    private static double Number(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
            result.AddError($"'{text}' is not a number.");
        return number;
    }
}
