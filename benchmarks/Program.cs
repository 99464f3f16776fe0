using System.ComponentModel;
using System.Globalization;
using Benchmarks;
using Benchmarks.DataLoading;
using Benchmarks.Inference;
using Benchmarks.Scaling;
using Benchmarks.Serving;
using Benchmarks.Training;
using ResNet.Core.Layers;
using ResNet.Training.Distributed;

// Compares this library with TorchSharp, PyTorch, torchvision and ONNX Runtime, on the same files and processors:
//
//   Benchmarks [data|train|infer] [OPTION…]             all three if none is named; Settings lists the options
//   Benchmarks layers [OPTION…]                         each layer of ResNet.Inference and of ONNX Runtime, as a table
//   Benchmarks scaling [OPTION…]                        training on several processes of mpirun, and a forecast for more
//   Benchmarks serve [OPTION…]                          the service of ResNet.AspNetCore, and one around ONNX Runtime
//   Benchmarks measure WHAT …                           one side of one measurement in a process of its own, as a JSON line
//
// The environment variable PARITY_PYTHON names a Python interpreter with torchvision to use instead of Debian's.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
// mpirun pretends to be a terminal, whose keypad .NET would switch.
if (MpiCommunicator.IsLaunched) Environment.SetEnvironmentVariable("TERM", "dumb");
// Before the first convolution of every process, also of those without a network of ours.
OneDnn.Prepare();
try
{
    switch (args)
    {
        case ["measure", "data", var data, var kind, var batch, var workers, var seconds]:
            Loading.Measure(data, kind, Whole(batch), Whole(workers), Number(seconds));
            break;
        case ["measure", "train", var job, var data, var weights, var seconds]:
            TrainingSteps.Measure(Job.Find(job), data, weights, Number(seconds));
            break;
        case ["measure", "sums"]:
            SumTimes.Measure();
            break;
        case ["measure", "train-torchsharp", var job, var batches, var weights, var seconds]:
            TorchSharpTraining.Measure(Job.Find(job), batches, weights, Number(seconds));
            break;
        case ["measure", "infer-torchsharp", var network, var weights, var images, var batch, var seconds]:
            TorchSharpInference.Measure(network, weights, images, Whole(batch), Number(seconds));
            break;
        case ["measure", "infer", var file, var images, var batch, var callers, var seconds]:
            EngineInference.Measure(file, images, Whole(batch), Whole(callers), Number(seconds));
            break;
        case ["measure", "layers-engine", var file, var images, var batch, var seconds]:
            LayerTimes.Engine(file, images, Whole(batch), Number(seconds));
            break;
        case ["measure", "layers-onnx", var file, var images, var batch, var seconds]:
            LayerTimes.Onnx(file, images, Whole(batch), Number(seconds));
            break;
        case ["measure", "infer-onnx", var file, var images, var batch, var callers, var seconds]:
            OnnxInference.Measure(file, images, Whole(batch), Whole(callers), Number(seconds));
            break;
        case ["measure", "serve-ours", var file, var port, .. var single] when single is [] or ["single"]:
            OurService.Serve(file, Whole(port), single.Length > 0);
            break;
        case ["measure", "serve-onnx", var file, var port]:
            OnnxService.Serve(file, Whole(port));
            break;
        case ["measure", "serve-load", var url, var folder, var connections, var seconds, .. var rate] when rate.Length <= 1:
            LoadClient.MeasureAsync(url, folder, Whole(connections), Number(seconds), rate.Length == 0 ? null : Number(rate[0]))
                .GetAwaiter().GetResult();
            break;
        case ["layers", .. var options]:
            new LayerComparison(Settings.Parse(options)).Run();
            break;
        case ["measure", "first", var file, var picture, var seconds]:
            FirstPrediction.Measure(file, picture, Number(seconds));
            break;
        default:
            Run(Settings.Parse(args));
            break;
    }
    return 0;
}
catch (Exception e) when (e is ArgumentException or IOException or InvalidOperationException or Win32Exception
    or ResNet.Training.Data.DatasetException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}

static void Run(Settings settings)
{
    Python.Require();
    var results = new List<Results>();
    foreach (string part in settings.Parts)
    {
        var rows = part switch
        {
            Settings.Data => new DataComparison(settings).Run(),
            Settings.Train => new TrainingComparison(settings).Run(),
            Settings.Scaling => new ScalingComparison(settings).Run(),
            Settings.Serve => new ServingComparison(settings).Run(),
            _ => new InferenceComparison(settings).Run(),
        };
        results.Add(Results.Of(part, settings, rows));
        results[^1].Write(Path.Combine(settings.Output, $"{part}.json"));
    }
    foreach (var result in results) result.Print();
    Console.WriteLine($"These rows are in {Path.GetFullPath(settings.Output)}");
    if (settings.Page is { } page) PerformancePage.Write(page, results);
    if (results.SelectMany(result => result.Rows).FirstOrDefault(row => row.IsBeyondLimit) is { } beyond)
        throw new InvalidOperationException($"{beyond.Title}: this is beyond the limit.");
}

static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
