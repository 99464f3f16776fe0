using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using ResNet.Inference;
using ResNet.Inference.Execution;

namespace Benchmarks.Inference;

/// <summary>The time of each layer: the median of many passes, in milliseconds, printed as JSON lines of name and time.</summary>
internal static class LayerTimes
{
    private const int WarmUp = 3;

    public static void Engine(string file, string images, int batch, double seconds)
    {
        using var model = InferenceModel.Open(file);
        var (values, shape) = ImageFile.Read(images, batch);
        var layers = model.File.Plan.Layers;
        var passes = layers.Select(_ => new List<double>()).ToArray();
        var clock = Stopwatch.StartNew();
        for (int pass = 0; pass < WarmUp || clock.Elapsed.TotalSeconds < seconds; pass++)
        {
            long start = 0;
            model.Observe(new Images(values, batch, (int)shape[2], (int)shape[3]), (_, value) =>
            {
                // Value 0 is the images.
                if (value > 0 && pass >= WarmUp) passes[value - 1].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                start = Stopwatch.GetTimestamp();
            }, CancellationToken.None);
        }
        Print(layers.Select((layer, i) => (layer.Weight ?? layer.Kind.ToString(), Spread.Of(passes[i]).Median)));
    }

    public static void Onnx(string file, string images, int batch, double seconds)
    {
        string profile = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            IntraOpNumThreads = Environment.ProcessorCount,
            EnableProfiling = true,
            ProfileOutputPathPrefix = profile,
        };
        using var session = new InferenceSession(file, options);
        using var run = new RunOptions();
        var (values, shape) = ImageFile.Read(images, batch);
        using var input = OrtValue.CreateTensorValueFromMemory(values, shape);
        var clock = Stopwatch.StartNew();
        for (int pass = 0; pass < WarmUp || clock.Elapsed.TotalSeconds < seconds; pass++)
            session.Run(run, session.InputNames, [input], session.OutputNames).Dispose();
        string written = session.EndProfiling();
        using var events = JsonDocument.Parse(File.ReadAllBytes(written));
        File.Delete(written);
        var times = new Dictionary<string, List<double>>();
        foreach (var e in events.RootElement.EnumerateArray())
        {
            string name = e.GetProperty("name").GetString()!;
            if (!name.EndsWith("_kernel_time", StringComparison.Ordinal)) continue;
            name = name[..^"_kernel_time".Length];
            if (!times.TryGetValue(name, out var list)) times.Add(name, list = []);
            list.Add(e.GetProperty("dur").GetDouble() / 1000);
        }
        Print(times.Select(pair => (pair.Key, Spread.Of(pair.Value.Skip(WarmUp)).Median)));
    }

    private static void Print(IEnumerable<(string Name, double Milliseconds)> layers)
    {
        foreach (var (name, milliseconds) in layers) Console.WriteLine(JsonSerializer.Serialize(new { name, milliseconds }));
    }
}
