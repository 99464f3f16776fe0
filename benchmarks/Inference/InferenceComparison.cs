using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Training.Data.Folders;
using static TorchSharp.torch;

namespace Benchmarks.Inference;

/// <summary>Runs all sides in turn, round by round, and collects the results.</summary>
internal sealed class InferenceComparison(Settings settings)
{
    private const long Seed = 1;
    private const double Same = 1e-3;
    private const double SecondsAfterFirst = 1;

    // Callers at the same time, each of which computes on its own thread.
    private const int Callers = 2;

    private static readonly int[] s_batches = [1, 8];

    private readonly string _script = Path.Combine(AppContext.BaseDirectory, "inference_reference.py");
    private readonly string _self = Environment.ProcessPath!;

    // The program that build.sh compiles in advance.
    private readonly string _native = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "publish", "Native", "release", "Native");
    private readonly string _threads = $"{Environment.ProcessorCount}";
    private readonly string _seconds = $"{settings.Seconds}";

    public IReadOnlyList<Row> Run()
    {
        var folder = Directory.CreateTempSubdirectory("inference");
        try
        {
            var contests = new List<Contest>();
            foreach (string network in settings.Networks)
            {
                var files = Prepare(network, folder.FullName);
                contests.AddRange(s_batches.Select(batch => Inference(network, batch, files)));
                contests.Add(SeveralCallers(network, files));
                string first = $"first prediction, {network}";
                string[] arguments = [files.Inference, files.Picture, $"{SecondsAfterFirst}"];
                contests.Add(First(first, network, files, _self, ["measure", "first", .. arguments]));
                if (File.Exists(_native)) contests.Add(First($"{first}, compiled in advance", network, files, _native, arguments));
                else Console.WriteLine($"There is no {_native}: the first prediction of a program that is compiled in advance is omitted.");
            }
            for (int round = 1; round <= settings.Rounds; round++)
            {
                foreach (var contest in contests) contest.Fight(round, Same);
            }
            return [.. contests.SelectMany(contest => contest.Rows)];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private Contest Inference(string network, int batch, Files files)
    {
        string name = $"inference, {network}, batch {batch}";
        string[] images = [files.Images(batch), $"{batch}"];

        Duel PyTorch(string layout, string value)
        {
            string[] arguments = ["-W", "ignore", _script, "measure", network, value, files.Weights, .. images, _threads, _seconds];
            return new Duel(name, $"PyTorch, {layout}", () => Measurement.Of(Python.Path, arguments));
        }

        var duels = new List<Duel>
        {
            PyTorch("contiguous", "contiguous"), PyTorch("channels-last", "channels_last"), Onnx(name, files, images),
        };
        if (TorchVisionNetworks.Has(network))
        {
            string[] arguments = ["measure", "infer-torchsharp", network, files.TorchSharpWeights, .. images, _seconds];
            duels.Insert(0, new Duel(name, "TorchSharp, TorchVision's network", () => Measurement.Of(_self, arguments)));
        }
        return new Contest(Ours(files, images), duels);
    }

    private Contest SeveralCallers(string network, Files files)
    {
        string[] images = [files.Images(1), "1"];
        return new Contest(
            Ours(files, images, Callers),
            [Onnx($"inference, {network}, batch 1, {Callers} callers with a thread each", files, images, Callers)]);
    }

    private Func<Measurement> Ours(Files files, string[] images, int callers = 1) =>
        () => Measurement.Of(_self, ["measure", Settings.Infer, files.Inference, .. images, $"{callers}", _seconds]);

    private Duel Onnx(string name, Files files, string[] images, int callers = 1) => new(
        name, "ONNX Runtime",
        () => Measurement.Of(_self, ["measure", "infer-onnx", files.Onnx, .. images, $"{callers}", _seconds]));

    private Contest First(string name, string network, Files files, string program, string[] arguments)
    {
        string[] theirs = ["-W", "ignore", _script, "first", network, files.Weights, files.Picture, _threads, $"{SecondsAfterFirst}"];
        return new Contest(
            () => Measurement.Of(program, arguments),
            [new Duel(name, "PyTorch", () => Measurement.Of(Python.Path, theirs), Row.Time)]);
    }

    // The weights, the images and the picture that all sides use.
    private static Files Prepare(string network, string folder)
    {
        var files = new Files(folder, network);
        manual_seed(Seed);
        using var scope = NewDisposeScope();
        using var model = ResNets.Create(network);
        model.SaveWeights(files.Weights);
        model.SaveWeights(files.TorchSharpWeights, format: WeightsFormat.TorchSharp);
        OnnxExporter.Export(model, files.Onnx);
        model.SaveForInference(files.Inference, new InferenceExportOptions
        {
            Classes = [.. Enumerable.Range(0, model.Options.Classes).Select(i => $"{i}")],
            Preprocessing = new Preprocessing(256, 224, ImageInterpolation.Bilinear, [0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]),
        });
        int size = ResNets.Find(network).ImageSize;
        foreach (int batch in s_batches) ImageFile.Write(files.Images(batch), rand([batch, 3, size, size]).data<float>().ToArray());
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

        public string TorchSharpWeights => Path.Combine(Folder, $"{Network}.dat");

        public string Inference => Path.Combine(Folder, $"{Network}.inference.safetensors");

        public string Onnx => Path.Combine(Folder, $"{Network}.onnx");

        public string Picture => Path.Combine(Folder, "picture.jpg");

        public string Images(int batch) => Path.Combine(Folder, $"{Network}-{batch}.f32");
    }
}
