using System.CommandLine;
using System.Globalization;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Core.Weights.Published;

namespace ResNet.Cli.Commands;

/// <summary><c>networks</c>: lists the names that <c>--network</c> and <c>summary</c> accept.</summary>
internal static class NetworksCommand
{
    internal static Command Create()
    {
        var command = new Command("networks", "Lists the networks, each paper's together, for example: networks --json")
        {
            JsonOutput.Option,
        };
        command.SetAction(_ =>
        {
            JsonOutput.Show(ResNets.Catalogue.Select(Describe), Print);
            return ExitCode.Success;
        });
        return command;
    }

    private static object Describe(NamedNetwork row) => new
    {
        row.Name,
        row.Paper,
        row.ImageSize,
        Weights = PretrainedWeights.Catalogue
            .Where(weights => weights.Network == row.Name).Select(weights => new { weights.Name, weights.Top1, weights.Top5 }),
    };

    private static void Print()
    {
        foreach (var paper in ResNets.Catalogue.GroupBy(row => row.Paper))
        {
            Console.WriteLine($"{paper.Key.Citation} ({paper.Key.Address})");
            foreach (var sizes in paper.GroupBy(row => row.ImageSize))
                Console.WriteLine($"  {sizes.Key}×{sizes.Key}: {string.Join(", ", sizes.Select(row => row.Name))}");
        }
        Console.WriteLine("With published weights (--pretrained) and their top-1 on ImageNet:");
        var published = PretrainedWeights.Catalogue.Select(row => row.Network).Distinct().Select(name => PretrainedWeights.Find(name));
        var accuracies = published.Select(
            weights => string.Create(CultureInfo.InvariantCulture, $"{weights.Network} {weights.Top1:0.0} %"));
        Console.WriteLine($"  {string.Join(", ", accuracies)}");
    }
}
