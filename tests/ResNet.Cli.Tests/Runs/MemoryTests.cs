using System.Globalization;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>The memory of the command during training.</summary>
public sealed class MemoryTests : IDisposable
{
    private const int BatchSize = 128;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Steps allocate and free blocks of several megabytes. Small blocks that stay between them would fragment the heap, which would
    // grow without end.
    [LongFact]
    public void Does_not_grow_from_step_to_step()
    {
        TinyPictures.Write(_folder.Path, training: 20 * BatchSize);
        using var console = ConsoleProcess.Start(
            "train", "--dataset", _folder.Path, "--output", Path.Join(_folder.Path, "run"), "--image-size", "28",
            "--batch-size", $"{BatchSize}", "--epochs", "10");
        var memory = new List<double>();
        for (; !console.Ends(TimeSpan.FromSeconds(1)); memory.Add(console.ResidentMegabytes()))
        {
        }
        console.ExitCode().Should().Be(0, console.Output);
        int third = memory.Count / 3;
        string all = string.Join(' ', memory.Select(megabytes => megabytes.ToString("0", CultureInfo.InvariantCulture)));
        memory.Skip(2 * third).Average().Should().BeLessThan(1.1 * memory.Skip(third).Take(third).Average(), "in MB it was {0}", all);
    }
}
