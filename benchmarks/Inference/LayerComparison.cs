using System.Diagnostics;
using System.Text.Json;
using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Inference;
using static TorchSharp.torch;

namespace Benchmarks.Inference;

/// <summary>Measures each layer of ResNet.Inference and of ONNX Runtime, in turn, and prints a table in Markdown.</summary>
internal sealed class LayerComparison(Settings settings)
{
    private const long Seed = 1;

    private readonly string _self = Environment.ProcessPath!;

    public void Run()
    {
        var folder = Directory.CreateTempSubdirectory("layers");
        try
        {
            foreach (string network in settings.Networks) Compare(network, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private void Compare(string network, string folder)
    {
        string file = Path.Combine(folder, $"{network}.safetensors"), onnx = Path.Combine(folder, $"{network}.onnx");
        string images = Path.Combine(folder, $"{network}.f32");
        int size = ResNets.Find(network).ImageSize;
        manual_seed(Seed);
        using (var scope = NewDisposeScope())
        using (var model = ResNets.Create(network))
        {
            model.SaveForInference(file);
            OnnxExporter.Export(model, onnx);
            ImageFile.Write(images, rand([1, 3, size, size]).data<float>().ToArray());
        }

        var (ours, theirs) = (new Dictionary<string, List<double>>(), new Dictionary<string, List<double>>());
        for (int round = 0; round < settings.Rounds; round++)
        {
            Measure("layers-engine", file, images, ours);
            Measure("layers-onnx", onnx, images, theirs);
        }
        Print(network, size, file, ours, theirs);
    }

    private void Measure(string side, string file, string images, Dictionary<string, List<double>> times)
    {
        string[] arguments = ["measure", side, file, images, "1", $"{settings.Seconds}"];
        using var process = Process.Start(new ProcessStartInfo(_self, arguments) { RedirectStandardOutput = true })!;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            using var json = JsonDocument.Parse(line);
            string name = json.RootElement.GetProperty("name").GetString()!;
            if (!times.TryGetValue(name, out var list)) times.Add(name, list = []);
            list.Add(json.RootElement.GetProperty("milliseconds").GetDouble());
        }
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{side} ended with {process.ExitCode}.");
    }

    private static void Print(
        string network, int size, string file, Dictionary<string, List<double>> ours, Dictionary<string, List<double>> theirs)
    {
        using var model = InferenceModel.Open(file);
        var plan = model.File.Plan;
        var shapes = plan.Shapes(size, size, model.File.Channels);
        // ONNX Runtime names a convolution that ends with a ReLU after the ReLU; their order is that of the network.
        var relus = new Queue<string>(theirs.Keys.Where(name => name.StartsWith("Relu", StringComparison.Ordinal)));
        Console.WriteLine($"| {network} | map | ResNet.Inference, ms | ONNX Runtime, ms | ratio | GFLOPS |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
        for (int i = 0; i < plan.Layers.Count; i++)
        {
            var layer = plan.Layers[i];
            if (layer.Weight is null) continue;
            string name = layer.Weight[..^".weight".Length];
            string their = theirs.ContainsKey($"{name}_nchwc") ? $"{name}_nchwc" : relus.TryDequeue(out string? relu) ? relu : "logits";
            var (input, output) = (shapes[layer.Input], shapes[i + 1]);
            double operations = 2.0 * output.Height * output.Width * output.Channels * input.Channels
                * layer.Kernel * layer.Kernel / layer.Groups;
            var (our, other) = (Spread.Of(ours[layer.Weight]), Spread.Of(theirs[their]));
            Console.WriteLine(
                $"| {name} | {layer.Kernel}×{layer.Kernel}, {input.Channels} → {output.Channels} @ {output.Height} | {our.Text("0.00")} | "
                + $"{other.Text("0.00")} | {other.Median / our.Median:0.00} | {operations / our.Median / 1e6:0} |");
        }
        double ourSum = Sum(ours), theirSum = Sum(theirs);
        Console.WriteLine($"| all, with pooling | | {ourSum:0.00} | {theirSum:0.00} | {theirSum / ourSum:0.00} | |");

        static double Sum(Dictionary<string, List<double>> layers) => layers.Values.Sum(times => Spread.Of(times).Median);
    }
}
