using System.CommandLine;
using System.Globalization;
using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Training.Data.Imaging;
using ResNet.Training.Data.Transforms;
using ResNet.Training.Evaluation;
using static TorchSharp.torch;

namespace Imagenette;

/// <summary><c>predict</c>: what pictures show.</summary>
internal static class PredictCommand
{
    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = RunOption.Create();
        var network = new Option<string?>("--network") { Description = "With --pretrained: the network's name; 'networks' lists those with published weights.", HelpName = "NETWORK" };
        var pretrained = new Option<bool>("--pretrained") { Arity = ArgumentArity.Zero, Description = "Asks a network with its published weights for ImageNet's 1,000 classes in place of a run's; they are downloaded once." };
        var device = Devices.Option();
        var explain = new Option<bool>("--explain") { Arity = ArgumentArity.Zero, Description = "Also writes each picture with a heat map over it of where the network sees its class, as <picture>-explained.png." };
        var name = new Option<string?>("--class") { Description = "With --explain: the class to look for. Default: each picture's likeliest.", HelpName = "NAME" };
        var stage = new Option<int?>("--stage") { Description = "With --explain: the stage to look at; earlier ones are finer. Default: the last.", HelpName = "N" };
        var output = new Option<string?>("--output") { Description = "With --explain: where the heat maps go. Default: the current folder.", HelpName = "FOLDER" };
        var images = new Argument<string[]>("IMAGE") { Description = "The pictures.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("predict", "Prints the five likeliest classes of each picture, for example: predict --run runs/mine cat.jpg") { run, network, pretrained, device, explain, name, stage, output, images };
        command.SetAction(parsed =>
        {
            bool explains = parsed.GetValue(explain);
            if (!explains && (parsed.GetValue(name), parsed.GetValue(stage), parsed.GetValue(output)) is not (null, null, null))
                throw new ArgumentException("--class, --stage and --output say how to explain: give --explain too.");
            var place = Devices.Parse(parsed.GetValue(device));
            string? published = parsed.GetValue(network);
            if (parsed.GetValue(pretrained) != published is not null || (published is not null && parsed.GetValue(run) is not null))
                throw new ArgumentException("--network and --pretrained go together, and take the place of --run: give both, as in predict --network resnet50 --pretrained cat.jpg.");
            var (model, classifier) = published is null ? OfRun(parsed.GetValue(run), place) : Published(published, place, cancellationToken);
            using var _ = model;
            var paths = parsed.GetValue(images)!;
            var heatMaps = explains ? new HeatMapFolder(parsed.GetValue(output), paths) : null;
            int exitCode = ExitCode.Success;
            foreach (string path in paths)
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    var explanation = heatMaps is null ? null : classifier.Explain(path, parsed.GetValue(name), parsed.GetValue(stage));
                    Print(path, explanation?.Predictions ?? classifier.Classify(path));
                    if (explanation is not null) Console.WriteLine($"  {heatMaps!.Write(path, explanation)}");
                }
                catch (ImageDecodingException e)
                {
                    // One bad picture does not keep the others from being looked at.
                    Console.Error.WriteLine($"error: {e.Message}");
                    exitCode = ExitCode.Error;
                }
            }
            return exitCode;
        });
        return command;
    }

    private static (ResNetModel Model, Classifier Classifier) OfRun(string? folder, Device place)
    {
        var run = RunOption.Open(folder);
        var model = run.LoadModel(place);
        return (model, new Classifier(model, run.Classes, run.Settings.EvaluationTransforms));
    }

    private static (ResNetModel Model, Classifier Classifier) Published(string network, Device place, CancellationToken cancellationToken)
    {
        var weights = PretrainedWeights.Find(network);
        var model = ConsoleProgress.Create(weights, classes: null, place, cancellationToken).ToChannelsLast();
        return (model, new Classifier(model, weights.Classes, Presets.Evaluation(weights.Preprocessing)));
    }

    private static void Print(string path, IReadOnlyList<Prediction> predictions)
    {
        Console.WriteLine(path);
        int width = predictions.Max(prediction => prediction.Class.Length);
        foreach (var (name, probability) in predictions)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name.PadRight(width)}  {100 * probability,6:0.00} %"));
    }
}
