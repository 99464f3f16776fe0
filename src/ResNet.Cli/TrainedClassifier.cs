using System.CommandLine;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Inference;
using ResNet.Training;
using ResNet.Training.Classification;
using ResNet.Training.Evaluation.Binary;

namespace ResNet.Cli;

/// <summary>A classifier of a run, of a file, or of a published network.</summary>
/// <param name="Classifier">The classifier.</param>
/// <param name="Threshold">The threshold that decides between the two classes of a run; null for none.</param>
internal sealed record TrainedClassifier(Classifier Classifier, DecisionThreshold? Threshold) : IDisposable
{
    internal static Option<string?> FileOption() => new("--weights")
    {
        Description = "A file in place of a run: the weights.safetensors of a run, or what 'export --format inference' wrote, which "
            + "needs no libtorch.",
        HelpName = "FILE",
    };

    /// <summary>Opens the classifier of the newest run, or of the run that is named.</summary>
    /// <param name="folder">A run's folder; null for the newest.</param>
    /// <param name="device">The value of <c>--device</c>.</param>
    /// <param name="engine">The value of <c>--engine</c>.</param>
    internal static TrainedClassifier OfRun(string? folder, string? device, PredictionEngine? engine)
    {
        var place = Devices.Parse(device);
        var run = RunOption.Open(folder);
        return new(Classifier.Open(run.Path, place, engine), run.Threshold);
    }

    /// <summary>Opens the classifier of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="device">The value of <c>--device</c>.</param>
    /// <param name="engine">The value of <c>--engine</c>.</param>
    internal static TrainedClassifier OfFile(string file, string? device, PredictionEngine? engine)
    {
        if (!File.Exists(file))
        {
            string remedy = Directory.Exists(file) ? "is a folder: name a run by --run" : "does not exist";
            throw new CommandLineException(new Mistake($"The file '{file}' {remedy}.", "--weights"));
        }
        // Devices would load libtorch.
        var place = InferenceModel.IsInferenceFile(file) && device is null or "cpu" ? null : Devices.Parse(device);
        return new(Classifier.Open(file, place, engine), Threshold: null);
    }

    /// <summary>Opens the classifier of a published network, whose weights are downloaded if the cache lacks them.</summary>
    /// <param name="network">The network's name.</param>
    /// <param name="device">The value of <c>--device</c>.</param>
    /// <param name="engine">The value of <c>--engine</c>.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    internal static TrainedClassifier Published(
        string network, string? device, PredictionEngine? engine, CancellationToken cancellationToken)
    {
        var place = Devices.Parse(device);
        return new(
            ConsoleProgress.Download(progress => Classifier.Pretrained(network, place, engine, progress, cancellationToken)),
            Threshold: null);
    }

    public void Dispose() => Classifier.Dispose();
}
