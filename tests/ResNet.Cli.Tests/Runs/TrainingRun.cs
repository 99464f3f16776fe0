using System.Globalization;
using System.Security.Cryptography;
using ResNet.Training.Checkpoints;

namespace ResNet.Cli.Tests.Runs;

/// <summary>A run of <c>train</c> in a folder of its own, which can be restarted until it is finished.</summary>
/// <param name="dataset">The pictures.</param>
/// <param name="folder">The run folder.</param>
/// <param name="options">Further options of <c>train</c>.</param>
/// <param name="processes">The number of processes that <c>mpirun</c> starts; 1 for a process without it.</param>
internal sealed class TrainingRun(string dataset, string folder, IReadOnlyList<string> options, int processes = 1)
{
    internal string Folder => folder;

    internal string Checkpoints => Path.Combine(folder, "checkpoints");

    /// <summary>The latest checkpoints, newest first.</summary>
    internal IReadOnlyList<string> Files => new CheckpointFolder(Checkpoints, keep: 1).Files;

    /// <summary>Files that a process is writing, or was writing when it was killed.</summary>
    internal IReadOnlyList<string> Unfinished => Directory.Exists(Checkpoints) ? Directory.GetFiles(Checkpoints, "*.tmp") : [];

    /// <summary>Starts the run, or resumes it.</summary>
    /// <param name="number">Another number of processes.</param>
    internal ConsoleProcess Start(int? number = null)
    {
        string[] arguments = HasBegun ? ["train", "--resume", folder] : ["train", "--dataset", dataset, "--output", folder, .. options];
        return (number ?? processes) == 1 ? ConsoleProcess.Start(arguments) : ConsoleProcess.StartTogether(number ?? processes, arguments);
    }

    /// <summary>Runs it to its end.</summary>
    internal void Finish()
    {
        using var process = Start();
        process.ExitCode().Should().Be(0, process.Output);
    }

    /// <summary>Copies the run folder in its current state.</summary>
    internal TrainingRun CopyTo(string other)
    {
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(other, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return new TrainingRun(dataset, other, options, processes);
    }

    /// <summary>Returns the results of the run without its speed: digests of its files, and of every tensor of its checkpoints.</summary>
    internal IReadOnlyDictionary<string, string> Results()
    {
        var results = new Dictionary<string, string>();
        foreach (string name in new[] { "weights.safetensors", "steps.csv", "classes.txt", "settings.json" })
            results.Add(name, Digest(File.ReadAllBytes(Path.Combine(folder, name))));
        results.Add("metrics.csv", WithoutSpeed(File.ReadAllLines(Path.Combine(folder, "metrics.csv"))));
        var checkpoints = new CheckpointFolder(Checkpoints, keep: 1);
        foreach (var checkpoint in new[] { checkpoints.OpenLatest()!, checkpoints.OpenBest()! })
        {
            results.Add(Path.GetFileName(checkpoint.Path), checkpoint.Step.ToString(CultureInfo.InvariantCulture));
            foreach (var (name, tensor) in checkpoint.Tensors)
                results.Add($"{Path.GetFileName(checkpoint.Path)} {name}", Digest(tensor.view(-1).bytes));
            checkpoint.Dispose();
        }
        return results;
    }

    // A run can be resumed only if both files exist.
    private bool HasBegun => File.Exists(Path.Combine(folder, "settings.json")) && File.Exists(Path.Combine(folder, "classes.txt"));

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    // The memory and the waiting depend on the process, too.
    private static string WithoutSpeed(string[] lines)
    {
        string[] columns = lines[0].Split(',');
        string[] names = ["images_per_second", "peak_memory_bytes", "waiting_seconds"];
        int[] others = Array.ConvertAll(names, name => Array.IndexOf(columns, name));
        others.Should().OnlyContain(column => column > 0);
        return string.Join(
            '\n', lines.Select(line => string.Join(',', line.Split(',').Where((_, column) => !others.Contains(column)))));
    }
}
