using System.Text.Json;
using ResNet.Training;

namespace Benchmarks.Training;

/// <summary>PyTorch in one of its settings.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Layout">contiguous or channels_last.</param>
/// <param name="Environment">The environment variables to set.</param>
internal sealed record Opponent(string Name, string Layout, IReadOnlyDictionary<string, string> Environment)
{
    // The same values as in NativeHeap.KeepFreedMemory.
    private static readonly Dictionary<string, string> s_heap = new()
    {
        ["MALLOC_MMAP_THRESHOLD_"] = $"{NativeHeap.LargeBlock}",
        ["MALLOC_TRIM_THRESHOLD_"] = $"{int.MaxValue}",
        ["MALLOC_TOP_PAD_"] = $"{NativeHeap.GrowBy}",
    };

    private static readonly Dictionary<string, string> s_nothing = [];

    public static IReadOnlyList<Opponent> All(bool heap)
    {
        Opponent[] plain = [new("PyTorch, contiguous", "contiguous", s_nothing), new("PyTorch, channels-last", "channels_last", s_nothing)];
        return heap
            ? [.. plain, .. plain.Select(opponent => opponent with { Name = $"{opponent.Name}, heap as ours", Environment = s_heap })]
            : plain;
    }

    /// <summary>Returns the job's numbers in the form that the script expects.</summary>
    public string Describe(Job job) => JsonSerializer.Serialize(new
    {
        network = job.Network,
        classes = job.Classes,
        channels = job.Channels,
        batch = job.BatchSize,
        checked_steps = job.CheckedSteps,
        decodes = job.Decodes,
        learning_rate = job.LearningRate,
        mean = job.Normalize.Mean,
        deviation = job.Normalize.Deviation,
        layout = Layout,
    });
}
