using System.Diagnostics;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Weights;

/// <summary>20,000 damaged files: each is loaded, or refused with its path, quickly and with little memory.</summary>
public sealed class MutationTests(ITestOutputHelper output) : IDisposable
{
    private const int Seed = 20_000;
    private const long MaximumBytes = 200_000_000;

    private readonly WeightsFolder _folder = new();
    private readonly ResNetModel _network = new ResNetBuilder().StageDepths(1).StageWidths(4).Classes(2).Build();

    /// <summary>The state of the loads, for a thread that watches them.</summary>
    private sealed class Progress
    {
        internal string Current = "";
        internal long Started = Stopwatch.GetTimestamp();
        internal int Loaded;
        internal (TimeSpan Time, string What) Slowest;
        internal (long Bytes, string What) LargestManaged;
        internal (long Bytes, string What) LargestNative;
        internal long WorkingSet;
    }

    public void Dispose()
    {
        _network.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("zip", 4_500)]
    [InlineData("resealed zip", 6_500)]
    [InlineData("legacy", 4_500)]
    [InlineData("safetensors", 2_500)]
    [InlineData("torchsharp", 2_000)]
    public async Task A_damaged_file_is_refused_with_its_path_or_loaded(string kind, int mutations)
    {
        var bases = Bases(kind);
        // Memory that the first loads keep for ever does not count as growth.
        foreach (var (_, content) in bases) Load(content, new Progress());
        long before = WorkingSet();
        var progress = new Progress();
        var work = Task.Factory.StartNew(
            () => Run(kind, bases, mutations, progress),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        while (await Task.WhenAny(work, Task.Delay(100)) != work)
        {
            Stopwatch.GetElapsedTime(Volatile.Read(ref progress.Started))
                .Should().BeLessThan(WeightsFolder.Patience, "loading {0} should end", progress.Current);
        }
        await work;

        long growth = progress.WorkingSet - before;
        output.WriteLine(
            $"{mutations} mutations of {bases.Count} files ({kind}): {progress.Loaded} loaded, {mutations - progress.Loaded} refused");
        output.WriteLine($"slowest: {progress.Slowest.Time.TotalMilliseconds:F1} ms, {progress.Slowest.What}");
        output.WriteLine($"most managed memory: {progress.LargestManaged.Bytes:N0} bytes, {progress.LargestManaged.What}");
        output.WriteLine($"most memory of tensors: {progress.LargestNative.Bytes:N0} bytes, {progress.LargestNative.What}");
        output.WriteLine($"growth of the process: {growth:N0} bytes");
        progress.LargestManaged.Bytes.Should().BeLessThan(MaximumBytes, progress.LargestManaged.What);
        progress.LargestNative.Bytes.Should().BeLessThan(MaximumBytes, progress.LargestNative.What);
        growth.Should().BeLessThan(MaximumBytes);
    }

    private void Run(string kind, List<(string Name, byte[] Content)> bases, int mutations, Progress progress)
    {
        var others = kind == "resealed zip" ? bases : [.. new[] { "zip", "legacy", "safetensors", "torchsharp" }.SelectMany(Bases)];
        for (int number = 0; number < mutations; number++)
        {
            var (name, content) = bases[number % bases.Count];
            var random = new Random(Seed + number);
            byte[] other = others[random.Next(others.Count)].Content;
            byte[] mutated = kind == "resealed zip" ? Mutation.Resealed(content, other, random) : Mutation.Of(content, other, random);
            progress.Current = $"mutation {number} ({kind}) of {name}";
            Volatile.Write(ref progress.Started, Stopwatch.GetTimestamp());
            try
            {
                Load(mutated, progress);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{progress.Current}: {e}", e);
            }
            if (number % 100 == 0) progress.WorkingSet = Math.Max(progress.WorkingSet, WorkingSet());
        }
    }

    private void Load(byte[] content, Progress progress)
    {
        string path = _folder.FilePath;
        File.WriteAllBytes(path, content);
        long allocated = GC.GetAllocatedBytesForCurrentThread(), started = Stopwatch.GetTimestamp(), native = 0;
        try
        {
            using var file = WeightsFile.Load(path);
            progress.Loaded++;
            native = file.Tensors.Values.Sum(Span);
            foreach (var tensor in file.Tensors.Values) Touch(tensor);
            // The names hardly ever fit the network: the error must be a WeightsFileException.
            _network.LoadWeights(path, strict: false);
        }
        catch (WeightsFileException e) when (e.Path == path && e.Message.Contains(path, StringComparison.Ordinal))
        {
        }
        var time = Stopwatch.GetElapsedTime(started);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (time > progress.Slowest.Time) progress.Slowest = (time, progress.Current);
        if (allocated > progress.LargestManaged.Bytes) progress.LargestManaged = (allocated, progress.Current);
        if (native > progress.LargestNative.Bytes) progress.LargestNative = (native, progress.Current);
    }

    // Returns the memory of a tensor; several views of the same memory count several times.
    private static long Span(Tensor tensor) =>
        tensor.numel() == 0
            ? 0
            : (1 + tensor.shape.Zip(tensor.stride(), (length, stride) => (length - 1) * stride).Sum()) * tensor.element_size();

    private static void Touch(Tensor tensor)
    {
        if (tensor.numel() > 1 << 20) return;
        using var scope = NewDisposeScope();
        tensor.to(ScalarType.Float64).sum().item<double>();
    }

    private static long WorkingSet()
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private List<(string Name, byte[] Content)> Bases(string kind)
    {
        WeightsFormat format = kind switch
        {
            "legacy" => WeightsFormat.PyTorchLegacy,
            "safetensors" => WeightsFormat.Safetensors,
            "torchsharp" => WeightsFormat.TorchSharp,
            _ => WeightsFormat.PyTorch,
        };
        var bases = new List<(string Name, byte[] Content)>();
        foreach (string path in Directory.GetFiles(StoredFile.Folder).Order(StringComparer.Ordinal))
        {
            using var file = WeightsFile.Load(path);
            if (file.Format == format) bases.Add((Path.GetFileName(path), File.ReadAllBytes(path)));
            if (format == WeightsFormat.PyTorchLegacy || Path.GetFileName(path) is not ("types.pth" or "views.pth")) continue;
            var metadata = format == WeightsFormat.Safetensors ? new Dictionary<string, string> { ["note"] = "a text" } : null;
            WeightsFile.Save(_folder.FilePath, file.Tensors, metadata, format);
            bases.Add(($"{Path.GetFileName(path)} as {format}", File.ReadAllBytes(_folder.FilePath)));
        }
        return bases;
    }
}
