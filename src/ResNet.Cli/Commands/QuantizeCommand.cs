using System.CommandLine;
using System.Globalization;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Core.Export;
using ResNet.Inference;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Loading;
using ResNet.Training.Runs;
using static TorchSharp.torch;

namespace ResNet.Cli.Commands;

/// <summary><c>quantize</c>: writes a run's network for <c>ResNet.Inference</c> with 8-bit integers, and compares both.</summary>
internal static class QuantizeCommand
{
    private const int DefaultImages = 512;

    // More images at once need more memory and gain little.
    private const int Batch = 16;

    // Less than this is not worth changed classes; the speeds differ by a few percent from time to time, too.
    private const double LeastSpeed = 1.1;

    // Of more images that changed class, only the first are printed.
    private const int MostChanged = 20;

    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = new Argument<string?>("RUN") { Description = RunOption.Description, Arity = ArgumentArity.ZeroOrOne };
        var output = new Option<string?>("--output")
        {
            Description = "The file. Default: <network>.int8.safetensors in the run's folder.",
            HelpName = "FILE",
        };
        var images = new Option<int>("--images")
        {
            Description = "Training images to choose the ranges of 8-bit numbers from.",
            HelpName = "N",
            DefaultValueFactory = _ => DefaultImages,
        };
        var first = new Option<bool>("--first-convolution")
        {
            Description = "Computes the first convolution, which reads the images, with 8-bit integers, too.",
        };
        var classifier = new Option<bool>("--classifier")
        {
            Description = "Computes the classifier with 8-bit integers, too.",
        };
        var workers = LoadingOptions.Workers();
        var command = new Command(
            "quantize",
            "Writes a trained network with 8-bit integers for ResNet.Inference, and compares its accuracy with the network's own, "
                + "for example: quantize runs/mine")
        {
            run, output, images, first, classifier, workers, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            int wanted = parsed.GetValue(images);
            if (wanted < 1) throw CommandLineException.About(images.Name, $"is {wanted}, but has to be at least 1.");
            var trained = RunOption.Open(parsed.GetValue(run));
            var options = trained.EvaluationOptions with { Workers = parsed.GetValue(workers) };
            var source = EvaluatedImages.SetAside(trained, DatasetSplit.Train, cancellationToken).Source;
            using var network = Export(trained);
            using var floats = InferenceModel.Open(network);
            var quantizer = new InferenceQuantizer(
                floats, new QuantizationOptions { FirstConvolution = parsed.GetValue(first), Classifier = parsed.GetValue(classifier) });
            Calibrate(quantizer, source, trained, options, wanted, cancellationToken);
            string path = parsed.GetValue(output) ?? Path.Join(trained.Path, $"{trained.Settings.Network}.int8.safetensors");
            AtomicFile.Write(path, quantizer.Save);

            var (comparison, note) = Compare(trained, floats, path, options, cancellationToken);
            var (bytes, floatBytes) = (new FileInfo(path).Length, network.Length);
            var document = new
            {
                Path = path, trained.Settings.Network, Bytes = bytes, FloatBytes = floatBytes, CalibrationImages = quantizer.ImageCount,
                Comparison = comparison, Note = note,
            };
            JsonOutput.Show(document, () =>
            {
                Console.WriteLine(
                    $"{path} ({bytes:N0} bytes, float32 has {floatBytes:N0}), from {Counted.Images(quantizer.ImageCount)} of training");
                if (comparison is not null) Print(comparison);
                if (note is not null) Console.WriteLine(note);
            });
            return ExitCode.Success;
        });
        return command;
    }

    private static MemoryStream Export(RunFolder run)
    {
        using var model = run.LoadModel(CPU);
        var stream = new MemoryStream();
        model.SaveForInference(stream, new InferenceExportOptions { Classes = run.Classes, Preprocessing = run.Settings.Preprocessing });
        stream.Position = 0;
        return stream;
    }

    private static void Calibrate(
        InferenceQuantizer quantizer, IImageSource source, RunFolder run, ImageLoaderOptions options, int wanted,
        CancellationToken cancellationToken)
    {
        int count = Math.Min(wanted, source.Count);
        // A shuffled epoch begins with images of all classes, the same ones each time.
        var loader = new ImageLoader(
            source, run.Settings.EvaluationTransforms, options with { Shuffle = true, BatchSize = Math.Min(Batch, count) });
        ConsoleProgress.Prepare(progress =>
        {
            foreach (var batch in loader.Epoch(0, cancellationToken))
            {
                int taken = Math.Min(batch.Count, count - quantizer.ImageCount);
                var (height, width) = loader.Transforms.Size;
                using var part = batch.Images.narrow(0, 0, taken);
                quantizer.Calibrate(part.bytes, taken, height, width, cancellationToken);
                progress.Report(new DatasetProgress("Choosing ranges", quantizer.ImageCount, count));
                if (quantizer.ImageCount == count) break;
            }
            return 0;
        });
    }

    // The images that the run set aside may be gone; the file is there all the same.
    private static (QuantizationComparison? Comparison, string? Note) Compare(
        RunFolder run, InferenceModel floats, string path, ImageLoaderOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var evaluated = EvaluatedImages.SetAside(run, asked: null, cancellationToken);
            using var integers = InferenceModel.Open(path);
            var loader = new ImageLoader(evaluated.Source, run.Settings.EvaluationTransforms, options with { BatchSize = Batch });
            var comparison = ConsoleProgress.Prepare(progress => QuantizationComparison.Of(
                floats, integers, loader, evaluated, run.Classes, progress, cancellationToken));
            return (comparison, evaluated.Note);
        }
        catch (Exception e) when (e is DatasetException or CommandLineException)
        {
            return (null, $"The accuracy was not compared. {e.Message}");
        }
    }

    private static void Print(QuantizationComparison comparison)
    {
        Console.WriteLine($"{Counted.Images(comparison.Images)} of {LineBreaks.Quote(comparison.Dataset)}:");
        foreach (var (name, result) in new[] { ("float32", comparison.Float32), ("int8", comparison.Int8) })
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {name,-7}  loss {result.Loss:0.0000}, top-1 {result.Top1:0.00} %, {result.ImagesPerSecond:0} img/s"));
        }
        double speed = comparison.Int8.ImagesPerSecond / comparison.Float32.ImagesPerSecond;
        Console.WriteLine(speed < LeastSpeed
            ? "  int8 is not faster on this processor: keep float32 here, unless the file has to be small"
            : string.Create(CultureInfo.InvariantCulture, $"  int8 is {speed:0.0} times as fast on this processor"));
        Console.WriteLine($"  {Counted.Images(comparison.Changed.Count)} changed class{(comparison.Changed.Count > 0 ? ":" : "")}");
        foreach (var image in comparison.Changed.Take(MostChanged))
            Console.WriteLine($"    {image.Image}: {image.Float32} became {image.Int8}, is {image.Class}");
        if (comparison.Changed.Count > MostChanged)
            Console.WriteLine($"    These are the first {MostChanged}; --json lists all.");
    }
}
