using System.Runtime.InteropServices;
using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Training.Data;
using static TorchSharp.torch;

namespace Benchmarks.Inference;

/// <summary>All sides in turn, round by round, and what comes of it.</summary>
internal sealed class InferenceComparison(Settings settings)
{
    private const long Seed = 1;
    private const double Same = 1e-3;
    private const double SecondsAfterFirst = 1;

    private static readonly int[] s_batches = [1, 8];

    private readonly string _script = Path.Combine(AppContext.BaseDirectory, "inference_reference.py");
    private readonly string _node = Path.Combine(AppContext.BaseDirectory, "onnx_reference.js");
    private readonly string _self = Environment.ProcessPath!;
    private readonly string _threads = $"{Environment.ProcessorCount}";
    private readonly string _seconds = $"{settings.Seconds}";

    public IReadOnlyList<Row> Run()
    {
        if (settings.OnnxRuntime is null) Console.WriteLine("There is no ONNX Runtime for Node: its rows are left out");
        var folder = Directory.CreateTempSubdirectory("inference");
        try
        {
            var works = new List<(IReadOnlyList<Duel> Duels, IReadOnlyList<Func<Measurement>> Sides)>();
            foreach (string network in settings.Networks)
            {
                var files = Prepare(network, folder.FullName);
                works.AddRange(s_batches.Select(batch => Inference(network, batch, files)));
                works.Add(First(network, files));
            }
            for (int round = 1; round <= settings.Rounds; round++)
            {
                foreach (var (duels, sides) in works) Duel.Fight(round, sides, duels, Same);
            }
            return [.. works.SelectMany(work => work.Duels).SelectMany(duel => duel.Rows)];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private (IReadOnlyList<Duel> Duels, IReadOnlyList<Func<Measurement>> Sides) Inference(string network, int batch, Files files)
    {
        string name = $"inference, {network}, batch {batch}";
        Func<Measurement> PyTorch(string layout) => () => Measurement.Of(Python.Path, "-W", "ignore", _script, "measure", network, layout, files.Weights, files.Images(batch), $"{batch}", _threads, _seconds);
        var duels = new List<Duel> { new(name, "PyTorch, contiguous"), new(name, "PyTorch, channels-last") };
        var sides = new List<Func<Measurement>>
        {
            () => Measurement.Of(_self, "measure", Settings.Infer, network, files.Weights, files.Images(batch), $"{batch}", _seconds),
            PyTorch("contiguous"),
            PyTorch("channels_last"),
        };
        if (settings.OnnxRuntime is { } runtime)
        {
            duels.Add(new Duel(name, "ONNX Runtime"));
            sides.Add(() => Measurement.Of("node", _node, runtime, files.Onnx, files.Images(batch), $"{batch}", _threads, _seconds));
        }
        return (duels, sides);
    }

    private (IReadOnlyList<Duel> Duels, IReadOnlyList<Func<Measurement>> Sides) First(string network, Files files) =>
    (
        [new Duel($"first prediction, {network}", "PyTorch", Row.Time)],
        [
            () => Measurement.Of(_self, "measure", "first", network, files.Weights, files.Picture, $"{SecondsAfterFirst}"),
            () => Measurement.Of(Python.Path, "-W", "ignore", _script, "first", network, files.Weights, files.Picture, _threads, $"{SecondsAfterFirst}"),
        ]
    );

    // Weights, images and a picture that all sides start from.
    private static Files Prepare(string network, string folder)
    {
        var files = new Files(folder, network);
        manual_seed(Seed);
        using var scope = NewDisposeScope();
        using var model = ResNets.Create(network);
        model.SaveWeights(files.Weights);
        OnnxExporter.Export(model, files.Onnx);
        int size = ResNets.Find(network).ImageSize;
        foreach (int batch in s_batches) File.WriteAllBytes(files.Images(batch), MemoryMarshal.AsBytes(rand([batch, 3, size, size]).data<float>().ToArray().AsSpan()).ToArray());
        if (!File.Exists(files.Picture))
        {
            string pictures = Path.Combine(folder, "pictures");
            Python.Run(Path.Combine(AppContext.BaseDirectory, "data_reference.py"), "make", "photographs", pictures);
            File.Copy(new ImageFolder(pictures).Samples[0].Path, files.Picture);
        }
        return files;
    }

    private sealed record Files(string Folder, string Network)
    {
        public string Weights => Path.Combine(Folder, $"{Network}.safetensors");

        public string Onnx => Path.Combine(Folder, $"{Network}.onnx");

        public string Picture => Path.Combine(Folder, "picture.jpg");

        public string Images(int batch) => Path.Combine(Folder, $"{Network}-{batch}.f32");
    }
}
