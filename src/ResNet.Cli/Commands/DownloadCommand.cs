using System.CommandLine;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Training.Data.Known;

namespace ResNet.Cli.Commands;

/// <summary><c>download</c>: downloads a known data set to the cache folder.</summary>
internal static class DownloadCommand
{
    internal static Command Create(CancellationToken cancellationToken)
    {
        var name = new Argument<string>("NAME")
        {
            Description = $"One of {string.Join(", ", KnownDataset.Catalogue.Select(row => row.Name))}.",
        };
        var command = new Command("download", "Downloads a data set and prints its folder, for example: download imagenette2-160")
        {
            name, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            var known = KnownDataset.Find(parsed.GetValue(name)!);
            string folder = DataSource.Locate(known.Name, cancellationToken);
            var document = new
            {
                known.Name, known.Title, known.Website, Folder = folder, Classes = known.Classes.Count,
                known.TrainingImages, known.EvaluationImages,
            };
            JsonOutput.Show(document, () =>
            {
                Console.WriteLine(
                    $"{known.Title} ({known.Website}): {known.TrainingImages:N0} images in train/, "
                    + $"{known.EvaluationImages:N0} in {known.EvaluationFolder}/, {known.Classes.Count} classes");
                Console.WriteLine(folder);
            });
            return ExitCode.Success;
        });
        return command;
    }
}
