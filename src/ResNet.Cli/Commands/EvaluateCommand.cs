using System.CommandLine;
using System.Globalization;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Training.Data.Folders;
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
        var workers = LoadingOptions.Workers();
        var onUnreadable = LoadingOptions.OnUnreadable();
        var flips = new Option<bool>("--flips")
        {
            Description = "Looks at each image mirrored as well and averages the probabilities, which takes twice the time.",
        };
        var command = new Command(
            "evaluate", "Prints loss, top-1, top-5 and calibration error of a trained network, for example: evaluate --run runs/mine")
        {
            run, dataset, split, device, workers, onUnreadable, flips, JsonOutput.Option,
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
            var evaluated = parsed.GetValue(dataset) is { } other
                ? EvaluatedImages.Of(trained, other, parsed.GetValue(split), loader.Workers, cancellationToken)
                : EvaluatedImages.SetAside(trained, parsed.GetValue(split), cancellationToken);
            using var model = trained.LoadModel(place);
            var images = new ImageLoader(evaluated.Source, trained.Settings.EvaluationTransforms, loader);
            var evaluator = new Evaluator(images, new EvaluatorOptions { Flips = parsed.GetValue(flips) });
            var result = ConsoleProgress.Run(progress => evaluator.Evaluate(model, progress, cancellationToken));
            var document = new
            {
                Run = trained.Path, trained.Settings.Network, Dataset = evaluated.Root, evaluated.Split, evaluated.New, evaluated.Changed,
                evaluated.Gone, evaluated.TrainedOn, result.Images,
                result.Loss, result.Top1, result.Top5, result.CalibrationError, result.ImagesPerSecond, images.SkippedImages,
            };
            if (evaluated.Note is { } note) Console.WriteLine(note);
            JsonOutput.Show(document, () => Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Counted.Images(result.Images)} of {evaluated.Root}: loss {result.Loss:0.0000}, top-1 {result.Top1:0.00} %, "
                + $"top-5 {result.Top5:0.00} %, calibration error {100 * result.CalibrationError:0.00} %, "
                + $"{result.ImagesPerSecond:0} img/s{Counted.Skipped(images.SkippedImages)}")));
            return ExitCode.Success;
        });
        return command;
    }
}
