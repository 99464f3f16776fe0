using System.Diagnostics;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>Interrupted runs, and the same runs without interruption.</summary>
[CollectionDefinition(Name)]
public sealed class InterruptedRuns : ICollectionFixture<InterruptedRuns>, IDisposable
{
    internal const string Name = "interrupted runs";

    private static readonly Dictionary<string, string[]> s_setUps = new()
    {
        ["momentum"] = ["--network", "resnet20", "--epochs", "4", "--batch-size", "8", "--checkpoint-steps", "2"],
        // On two processes.
        ["divided"] = ["--network", "resnet20", "--epochs", "4", "--batch-size", "12", "--checkpoint-steps", "2"],
        ["everything"] =
        [
            "--network", "resnet20", "--epochs", "4", "--batch-size", "4", "--checkpoint-steps", "1", "--optimizer", "adamw",
            "--learning-rate", "0.002", "--average",
            "--accumulate", "2", "--mixup", "0.2", "--clip-norm", "1", "--augmentation", "CropAndFlip", "--seed", "11",
        ],
    };

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, Whole> _whole = [];
    private int _runs;

    public InterruptedRuns() => TinyPictures.Write(Pictures);

    internal string Pictures => Path.Combine(_folder.Path, "pictures");

    /// <summary>Returns the results of an uninterrupted run with a set-up.</summary>
    internal Whole Undisturbed(string setUp)
    {
        if (_whole.TryGetValue(setUp, out var known)) return known;
        var clock = Stopwatch.StartNew();
        var run = New(setUp);
        run.Finish();
        return _whole[setUp] = new Whole(run, run.Results(), clock.Elapsed);
    }

    /// <summary>Makes a run that has not started.</summary>
    internal TrainingRun New(string setUp, string? folder = null) =>
        new(Pictures, folder ?? NewFolder(), s_setUps[setUp], processes: setUp == "divided" ? 2 : 1);

    internal string NewFolder() => Path.Combine(_folder.Path, $"run{_runs++}");

    public void Dispose() => _folder.Dispose();

    internal sealed record Whole(TrainingRun Run, IReadOnlyDictionary<string, string> Results, TimeSpan Time);
}
