using System.CommandLine;
using System.Globalization;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Imaging;
using ResNet.Inference;
using ResNet.Training;
using ResNet.Training.Classification;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Evaluation.Binary;

namespace ResNet.Cli.Commands;

/// <summary><c>predict</c>: classifies pictures.</summary>
internal static class PredictCommand
{
    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = RunOption.Create();
        var network = TrainedNetwork.NetworkOption();
        var pretrained = TrainedNetwork.PretrainedOption();
        var weights = TrainedClassifier.FileOption();
        var device = Devices.Option();
        var engine = Engines.Option();
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
                + "or for small images an earlier one. A file for inference has the last one only.",
            HelpName = "N",
        };
        var output = new Option<string?>("--output")
        {
            Description = "With --explain: where the heat maps go. Default: the current folder.",
            HelpName = "FOLDER",
        };
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "The pictures: files, folders (with all below them), patterns such as 'shop/**/*.jpg', "
                + "or - for a list of paths on standard input.",
            Arity = ArgumentArity.OneOrMore,
        };
        var csv = new Option<string?>("--csv")
        {
            Description = "Also writes a row for each picture to a file of comma-separated values.",
            HelpName = "FILE",
        };
        var batchSize = new Option<int>("--batch-size")
        {
            Description = "Pictures that the network computes at once.",
            HelpName = "N",
            DefaultValueFactory = _ => new ClassifierOptions().BatchSize,
        };
        var workers = LoadingOptions.Workers();
        var extensions = LoadingOptions.Extensions();
        var command = new Command(
            "predict", "Prints the five likeliest classes of each picture, for example: predict --run runs/mine cat.jpg")
        {
            run, weights, network, pretrained, device, engine, csv, batchSize, workers, extensions, explain, name, stage, output,
            images, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            bool explains = parsed.GetValue(explain);
            if (!explains && (parsed.GetValue(name), parsed.GetValue(stage), parsed.GetValue(output)) is not (null, null, null))
                throw new CommandLineException("--class, --stage and --output say how to explain: give --explain too.");
            var options = new ClassifierOptions { BatchSize = parsed.GetValue(batchSize), Workers = parsed.GetValue(workers) };
            var endings = new SplitOptions { Extensions = parsed.GetValue(extensions) ?? ImageFolder.Extensions }.Extensions;
            var (paths, errors) = Pictures.Expand(parsed.GetValue(images)!, endings, Console.In);
            foreach (string error in errors) Console.Error.WriteLine($"error: {error}");
            string? file = parsed.GetValue(weights), catalogued = parsed.GetValue(network), place = parsed.GetValue(device);
            TrainedNetwork.RefuseOneAlone(
                parsed.GetValue(run) ?? file, catalogued, parsed.GetValue(pretrained), "predict --network resnet50 --pretrained cat.jpg");
            if (file is not null && parsed.GetValue(run) is not null)
                throw new CommandLineException("--weights takes the place of a run: leave --run out.");
            var chosen = parsed.GetValue(engine);
            // A file for inference gives class activation maps.
            if (explains && (file is null || (File.Exists(file) && !InferenceModel.IsInferenceFile(file))))
            {
                if (chosen == PredictionEngine.Inference)
                {
                    throw new CommandLineException(
                        "--explain needs gradients, which --engine inference does not compute: leave one of them out, or give a file for "
                        + "inference by --weights.");
                }
                chosen = PredictionEngine.Torch;
            }
            using var trained = file is not null ? TrainedClassifier.OfFile(file, place, chosen)
                : catalogued is not null ? TrainedClassifier.Published(catalogued, place, chosen, cancellationToken)
                : TrainedClassifier.OfRun(parsed.GetValue(run), place, chosen);
            var classifier = trained.Classifier;
            var documents = new List<object>();
            var pictures = explains
                ? Explain(
                    classifier, paths, new HeatMapFolder(parsed.GetValue(output), paths), parsed.GetValue(name), parsed.GetValue(stage),
                    trained.Threshold, documents, cancellationToken)
                : Classify(
                    classifier, paths, options, isQuiet: parsed.GetValue(csv) is not null, trained.Threshold, documents,
                    cancellationToken);
            if (parsed.GetValue(csv) is { } table)
            {
                PredictionTable.Write(table, pictures, Math.Min(options.Count, classifier.Classes.Count));
                Console.WriteLine($"The classes of {Counted.Of(pictures.Count, "picture", "pictures")} are in {table}");
            }
            JsonOutput.Write(documents);
            return errors.Count > 0 || pictures.Any(picture => picture.Error is not null) ? ExitCode.Error : ExitCode.Success;
        });
        return command;
    }

    private static List<ClassifiedPicture> Classify(
        Classifier classifier, List<string> paths, ClassifierOptions options, bool isQuiet, DecisionThreshold? threshold,
        List<object> documents, CancellationToken cancellationToken)
    {
        bool prints = !isQuiet && !JsonOutput.IsAskedFor;
        // Lines of progress would stand between those of the pictures, if the output is no terminal.
        return paths.Count > 1 && (ConsoleProgress.IsTerminal || !prints) ? ConsoleProgress.Prepare(Run) : Run(progress: null);

        List<ClassifiedPicture> Run(IProgress<DatasetProgress>? progress)
        {
            var pictures = new List<ClassifiedPicture>();
            foreach (var picture in classifier.ClassifyAsync(paths, options, cancellationToken).ToBlockingEnumerable(cancellationToken))
            {
                pictures.Add(picture);
                documents.Add(Describe(picture, threshold, heatMap: null, seen: null));
                if (picture.Error is not null) Console.Error.WriteLine($"error: {picture.Error.Message}");
                else if (prints) Print(picture, threshold);
                progress?.Report(new DatasetProgress("Classifying pictures", pictures.Count, paths.Count));
            }
            return pictures;
        }
    }

    private static List<ClassifiedPicture> Explain(
        Classifier classifier, List<string> paths, HeatMapFolder heatMaps, string? name, int? stage,
        DecisionThreshold? threshold, List<object> documents, CancellationToken cancellationToken)
    {
        var pictures = new List<ClassifiedPicture>();
        foreach (string path in paths)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var explanation = classifier.Explain(path, name, stage);
                string heatMap = heatMaps.Write(path, explanation), seen = explanation.Prediction.Class;
                pictures.Add(new ClassifiedPicture(path, explanation.Predictions, Error: null));
                documents.Add(Describe(pictures[^1], threshold, heatMap, seen));
                if (JsonOutput.IsAskedFor) continue;
                Print(pictures[^1], threshold);
                Console.WriteLine($"  where it sees {seen}: {heatMap}");
                // The last map of a network for small pictures may have a single pixel.
                if (explanation.Heat.All(heat => heat == explanation.Heat[0]))
                {
                    Console.WriteLine(explanation.Heat[0] == 0
                        ? "  the map is empty: this stage has no evidence for the class"
                        : "  the map is the same everywhere: a run's earlier stages (--run and --stage) show parts of the picture");
                }
            }
            catch (Exception e) when (e is ImageDecodingException or TransformException)
            {
                // A bad picture does not stop the prediction of the others.
                Console.Error.WriteLine($"error: {e.Message}");
                pictures.Add(new ClassifiedPicture(path, [], e));
                documents.Add(Describe(pictures[^1], threshold, heatMap: null, seen: null));
            }
        }
        return pictures;
    }

    private static object Describe(ClassifiedPicture picture, DecisionThreshold? threshold, string? heatMap, string? seen)
    {
        if (picture.Error is { } error) return new { Image = picture.Path, Error = error.Message };
        string? decision = threshold is null ? null : Decide(threshold, picture.Predictions);
        return new { Image = picture.Path, picture.Predictions, Decision = decision, HeatMap = heatMap, HeatMapClass = seen };
    }

    private static string Decide(DecisionThreshold threshold, IReadOnlyList<Prediction> predictions) =>
        threshold.Decide(predictions.First(prediction => prediction.Class == threshold.PositiveClass).Probability);

    private static void Print(ClassifiedPicture picture, DecisionThreshold? threshold)
    {
        ConsoleProgress.WriteLine(picture.Path);
        int width = picture.Predictions.Max(prediction => prediction.Class.Length);
        foreach (var (name, probability) in picture.Predictions)
        {
            ConsoleProgress.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"  {name.PadRight(width)}  {100 * probability,6:0.00} %"));
        }
        if (threshold is null) return;
        ConsoleProgress.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  predicted: {Decide(threshold, picture.Predictions)} (the threshold of {threshold.PositiveClass} is "
            + $"{100 * threshold.Threshold:0.00} %, chosen for {threshold.Rule})"));
    }
}
