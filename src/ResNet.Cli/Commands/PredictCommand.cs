using System.CommandLine;
using System.Globalization;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Imaging;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading.Transforms;

namespace ResNet.Cli.Commands;

/// <summary><c>predict</c>: classifies pictures.</summary>
internal static class PredictCommand
{
    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = RunOption.Create();
        var network = TrainedNetwork.NetworkOption();
        var pretrained = TrainedNetwork.PretrainedOption();
        var device = Devices.Option();
        var explain = new Option<bool>("--explain")
        {
            Arity = ArgumentArity.Zero,
            Description = "Also writes each picture with a heat map over it of where the network sees its class, "
                + "as <picture>-explained.png.",
        };
        var name = new Option<string?>("--class")
        {
            Description = "With --explain: the class to look for. Default: each picture's likeliest.",
            HelpName = "NAME",
        };
        var stage = new Option<int?>("--stage")
        {
            Description = "With --explain: the stage to look at; earlier ones are finer. Default: the last, "
                + "or for small images an earlier one.",
            HelpName = "N",
        };
        var output = new Option<string?>("--output")
        {
            Description = "With --explain: where the heat maps go. Default: the current folder.",
            HelpName = "FOLDER",
        };
        var images = new Argument<string[]>("IMAGE") { Description = "The pictures.", Arity = ArgumentArity.OneOrMore };
        var command = new Command(
            "predict", "Prints the five likeliest classes of each picture, for example: predict --run runs/mine cat.jpg")
        {
            run, network, pretrained, device, explain, name, stage, output, images, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            bool explains = parsed.GetValue(explain);
            if (!explains && (parsed.GetValue(name), parsed.GetValue(stage), parsed.GetValue(output)) is not (null, null, null))
                throw new CommandLineException("--class, --stage and --output say how to explain: give --explain too.");
            using var trained = TrainedNetwork.Open(
                parsed.GetValue(run), parsed.GetValue(network), parsed.GetValue(pretrained),
                "predict --network resnet50 --pretrained cat.jpg", Devices.Parse(parsed.GetValue(device)), cancellationToken);
            var classifier = new Classifier(trained.Model, trained.Classes, Presets.Evaluation(trained.Preprocessing));
            var paths = parsed.GetValue(images)!;
            var heatMaps = explains ? new HeatMapFolder(parsed.GetValue(output), paths) : null;
            var documents = new List<object>();
            int exitCode = ExitCode.Success;
            foreach (string path in paths)
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    var explanation = heatMaps is null ? null : classifier.Explain(path, parsed.GetValue(name), parsed.GetValue(stage));
                    var predictions = explanation?.Predictions ?? classifier.Classify(path);
                    string? heatMap = explanation is null ? null : heatMaps!.Write(path, explanation);
                    string? seen = explanation?.Prediction.Class;
                    documents.Add(new { Image = path, Predictions = predictions, HeatMap = heatMap, HeatMapClass = seen });
                    if (JsonOutput.IsAskedFor) continue;
                    Print(path, predictions);
                    if (explanation is not null) Console.WriteLine($"  where it sees {explanation.Prediction.Class}: {heatMap}");
                }
                catch (Exception e) when (e is ImageDecodingException or TransformException)
                {
                    // A bad picture does not stop the prediction of the others.
                    Console.Error.WriteLine($"error: {e.Message}");
                    documents.Add(new { Image = path, Error = e.Message });
                    exitCode = ExitCode.Error;
                }
            }
            JsonOutput.Write(documents);
            return exitCode;
        });
        return command;
    }

    private static void Print(string path, IReadOnlyList<Prediction> predictions)
    {
        Console.WriteLine(path);
        int width = predictions.Max(prediction => prediction.Class.Length);
        foreach (var (name, probability) in predictions)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name.PadRight(width)}  {100 * probability,6:0.00} %"));
    }
}
