using System.CommandLine;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Published;
using static TorchSharp.torch;

namespace ResNet.Cli;

/// <summary>A network of a run, or a published one, with its classes and its preprocessing of images.</summary>
/// <param name="Name">The network's name in the catalogue.</param>
/// <param name="Folder">The run's folder; null for a published network.</param>
/// <param name="Model">The network.</param>
/// <param name="Classes">The names of its classes.</param>
/// <param name="Preprocessing">The transforms of images.</param>
internal sealed record TrainedNetwork(
    string Name, string? Folder, ResNetModel Model, IReadOnlyList<string> Classes, Preprocessing Preprocessing) : IDisposable
{
    internal static Option<string?> NetworkOption() => new("--network")
    {
        Description = "With --pretrained: the network's name; 'networks' lists those with published weights.",
        HelpName = "NETWORK",
    };

    internal static Option<bool> PretrainedOption() => new("--pretrained")
    {
        Arity = ArgumentArity.Zero,
        Description = "Takes a network with its published weights for ImageNet's 1,000 classes in place of a run's; "
            + "they are downloaded once.",
    };

    /// <summary>Opens the network that the options name.</summary>
    /// <param name="run">A run's folder; null for the newest, or for none if a network is given.</param>
    /// <param name="network">The name of a network with published weights.</param>
    /// <param name="pretrained">Whether published weights are requested.</param>
    /// <param name="example">An example of what to type instead.</param>
    /// <param name="place">The device of the network.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    internal static TrainedNetwork Open(
        string? run, string? network, bool pretrained, string example, Device place, CancellationToken cancellationToken)
    {
        RefuseOneAlone(run, network, pretrained, example);
        return network is null ? OfRun(run, place) : Published(network, place, cancellationToken);
    }

    /// <summary>Throws if one of <c>--network</c> and <c>--pretrained</c> lacks the other, or if a run is named too.</summary>
    internal static void RefuseOneAlone(string? run, string? network, bool pretrained, string example)
    {
        if (pretrained != network is not null || (network is not null && run is not null))
            throw new CommandLineException(
                $"--network and --pretrained go together, and take the place of a run: give both, as in {example}.");
    }

    public void Dispose() => Model.Dispose();

    private static TrainedNetwork OfRun(string? folder, Device place)
    {
        var run = RunOption.Open(folder);
        return new(run.Settings.Network, run.Path, run.LoadModel(place), run.Classes, run.Settings.Preprocessing);
    }

    private static TrainedNetwork Published(string network, Device place, CancellationToken cancellationToken)
    {
        var weights = PretrainedWeights.Find(network);
        var model = ConsoleProgress.Create(weights, classes: null, place, cancellationToken).ToChannelsLast();
        return new(weights.Network, Folder: null, model, weights.Classes, weights.Preprocessing);
    }
}
