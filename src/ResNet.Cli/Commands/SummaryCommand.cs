using System.CommandLine;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Core.Inspection;

namespace ResNet.Cli.Commands;

/// <summary><c>summary</c>: shows the layers of a network, their shapes and costs.</summary>
internal static class SummaryCommand
{
    internal static Command Create()
    {
        var network = new Argument<string>("NETWORK") { HelpName = "NETWORK", Description = "The network's name; 'networks' lists them." };
        network.CompletionSources.Add([.. ResNets.Names]);
        var size = new Option<int?>("--image-size")
        {
            Description = "Height and width of the input. Default: 224, for CIFAR's networks 32.",
            HelpName = "PIXELS",
        };
        var batch = new Option<int>("--batch-size") { Description = "How many images.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var classes = new Option<int?>("--classes")
        {
            Description = "Classes to tell apart. Default: 1000, for CIFAR's networks 10.",
            HelpName = "N",
        };
        var channels = new Option<int>("--channels")
        {
            Description = "3 for colour, 1 for grey.",
            HelpName = "N",
            DefaultValueFactory = _ => 3,
        };
        var command = new Command(
            "summary", "Prints the layers of a network with shapes and costs, for example: summary resnet50 --image-size 448")
        {
            network, size, batch, classes, channels, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            var row = ResNets.Find(parsed.GetValue(network)!);
            int pixels = AtLeastOne(size.Name, parsed.GetValue(size) ?? row.ImageSize);
            int images = AtLeastOne(batch.Name, parsed.GetValue(batch));
            using var model = ResNets.Create(row.Name, parsed.GetValue(classes), parsed.GetValue(channels));
            var summary = ModelSummary.Of(model, pixels, pixels, images);
            var document = new
            {
                Network = row.Name, summary.InputShape, summary.Parameters, summary.ParameterBytes, summary.MultiplyAdds,
                summary.ActivationBytes, summary.Layers,
            };
            // A terminal that does not know its width reports 0.
            int width = Console.IsOutputRedirected || Console.WindowWidth == 0 ? int.MaxValue : Console.WindowWidth;
            JsonOutput.Show(document, () => Console.WriteLine(summary.ToString(width)));
            return ExitCode.Success;
        });
        return command;
    }

    private static int AtLeastOne(string option, int value) =>
        value >= 1 ? value : throw new CommandLineException($"{option} is {value}, but has to be at least 1.");
}
