using System.CommandLine;
using System.Globalization;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Training.Data;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;

namespace ResNet.Cli.Commands;

/// <summary><c>evaluate</c>: computes loss, accuracy and calibration of a run's network.</summary>
internal static class EvaluateCommand
{
    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = RunOption.Create();
        var dataset = new Option<string?>("--dataset")
        {
            Description = DataSource.Description + " Default: what the run was trained on.",
            HelpName = "NAME|FOLDER",
        };
        var device = Devices.Option();
        var workers = LoadingOptions.Workers();
        var onUnreadable = LoadingOptions.OnUnreadable();
        var flips = new Option<bool>("--flips")
        {
            Description = "Looks at each image mirrored as well and averages the probabilities, which takes twice the time.",
        };
        var command = new Command(
            "evaluate", "Prints loss, top-1, top-5 and calibration error of a trained network, for example: evaluate --run runs/mine")
        {
            run, dataset, device, workers, onUnreadable, flips, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            var place = Devices.Parse(parsed.GetValue(device));
            var trained = RunOption.Open(parsed.GetValue(run));
            var loader = trained.EvaluationOptions with
            {
                Workers = parsed.GetValue(workers),
                OnUnreadableImage = parsed.GetValue(onUnreadable),
            };
            // The images that the run set aside, if it was trained on the other images of the same folder.
            var data = parsed.GetValue(dataset) is { } other
                ? DataSource.Open(other, validationSplit: null, trained.Settings.Seed, cancellationToken)
                : DataSource.Open(trained.Settings.Dataset, trained.Settings.ValidationSplit, trained.Settings.Seed, cancellationToken);
            RefuseOtherClasses(trained.Classes, data.Evaluation.Classes);
            using var model = trained.LoadModel(place);
            var images = new ImageLoader(data.Evaluation.Source, trained.Settings.EvaluationTransforms, loader);
            var evaluator = new Evaluator(images, new EvaluatorOptions { Flips = parsed.GetValue(flips) });
            var result = ConsoleProgress.Run(progress => evaluator.Evaluate(model, progress, cancellationToken));
            var document = new
            {
                Run = trained.Path, trained.Settings.Network, Dataset = data.Evaluation.Root, result.Images,
                result.Loss, result.Top1, result.Top5, result.CalibrationError, result.ImagesPerSecond, images.SkippedImages,
            };
            JsonOutput.Show(document, () => Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Counted.Images(result.Images)} of {data.Evaluation.Root}: loss {result.Loss:0.0000}, top-1 {result.Top1:0.00} %, "
                + $"top-5 {result.Top5:0.00} %, calibration error {100 * result.CalibrationError:0.00} %, "
                + $"{result.ImagesPerSecond:0} img/s{Counted.Skipped(images.SkippedImages)}")));
            return ExitCode.Success;
        });
        return command;
    }

    private static void RefuseOtherClasses(IReadOnlyList<string> trained, IReadOnlyList<string> found)
    {
        if (trained.Count != found.Count)
            throw new DatasetException(
                $"The network tells {trained.Count} classes apart, but the dataset has {found.Count}: "
                + "evaluate it on a dataset with the classes it was trained on.");
        for (int i = 0; i < trained.Count; i++)
        {
            if (trained[i] != found[i])
                throw new DatasetException(
                    $"The network's class {i} is '{trained[i]}', but the dataset's is '{found[i]}': "
                    + "evaluate it on a dataset with the classes it was trained on.");
        }
    }
}
