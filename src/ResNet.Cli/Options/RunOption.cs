using System.CommandLine;
using ResNet.Cli.Output;
using ResNet.Training;
using ResNet.Training.Runs;

namespace ResNet.Cli.Options;

/// <summary>The <c>--run</c> option: a run folder, by default the newest one.</summary>
internal static class RunOption
{
    internal const string Description = $"The folder that 'train' named at its end. Default: the newest in {Runs}/.";

    private const string Runs = "runs";
    private const string Weights = "weights.safetensors";

    internal static Option<string?> Create() => new("--run")
    {
        Description = Description,
        HelpName = "FOLDER",
    };

    internal static RunFolder Open(string? folder)
    {
        if (folder is not null) return RunFolder.Open(folder);
        var run = RunFolder.Open(Newest());
        Console.Error.WriteLine($"The newest run is taken: {LineBreaks.Quote(run.Path)}");
        return run;
    }

    private static string Newest() =>
        (Directory.Exists(Runs) ? Directory.EnumerateDirectories(Runs) : [])
            .Where(run => File.Exists(Path.Combine(run, Weights)))
            .MaxBy(run => File.GetLastWriteTimeUtc(Path.Combine(run, Weights)))
        ?? throw new RunFolderException($"There is no finished run in {Runs}/: name the folder of one, or make one with 'train'.");
}
