using System.CommandLine;
using ResNet.Cli.Options;
using ResNet.Cli.Output;
using ResNet.Core.Export;
using ResNet.Core.Weights;
using static TorchSharp.torch;

namespace ResNet.Cli.Commands;

/// <summary><c>export</c>: writes a network to a file for other programs.</summary>
internal static class ExportCommand
{
    internal static Command Create(CancellationToken cancellationToken)
    {
        var run = new Argument<string?>("RUN") { Description = RunOption.Description, Arity = ArgumentArity.ZeroOrOne };
        var network = TrainedNetwork.NetworkOption();
        var pretrained = TrainedNetwork.PretrainedOption();
        var format = new Option<ExportFormat>("--format")
        {
            Description = "onnx: the network and its weights, for ONNX Runtime. inference: the same for ResNet.Inference. "
                + "The others: the weights alone, for other programs that build the network.",
            HelpName = string.Join('|', Enum.GetValues<ExportFormat>().Select(NameOf)),
            DefaultValueFactory = _ => ExportFormat.Onnx,
        };
        var pixels = new Option<bool>("--pixels")
        {
            Arity = ArgumentArity.Zero,
            Description = "With onnx: the file takes bytes [N, H, W, C] of any size, and resizes, crops and normalises them itself.",
        };
        var probabilities = new Option<bool>("--probabilities")
        {
            Arity = ArgumentArity.Zero,
            Description = "With onnx: the file gives probabilities in place of logits.",
        };
        var output = new Option<string?>("--output")
        {
            Description = "The file. Default: <network>.<format> in the run's folder, or for --pretrained in the current one.",
            HelpName = "FILE",
        };
        var command = new Command(
            "export", "Writes a trained network as a file for other programs, for example: export runs/mine --format onnx")
        {
            run, network, pretrained, format, pixels, probabilities, output, JsonOutput.Option,
        };
        command.SetAction(parsed =>
        {
            var kind = parsed.GetValue(format);
            if (kind != ExportFormat.Onnx && (parsed.GetValue(pixels) || parsed.GetValue(probabilities)))
                throw new CommandLineException(
                    $"--pixels and --probabilities are for --format onnx, which has such inputs and outputs alone: leave them out.");
            using var trained = TrainedNetwork.Open(
                parsed.GetValue(run), parsed.GetValue(network), parsed.GetValue(pretrained), "export --network resnet50 --pretrained",
                CPU, cancellationToken);
            string path = parsed.GetValue(output) ?? Path.Join(trained.Folder, $"{trained.Name}.{Extension(kind)}");
            if (kind == ExportFormat.Onnx)
            {
                OnnxExporter.Export(trained.Model, path, new OnnxExportOptions
                {
                    Classes = trained.Classes, Preprocessing = trained.Preprocessing, TakesPixels = parsed.GetValue(pixels),
                    GivesProbabilities = parsed.GetValue(probabilities),
                });
            }
            else if (kind == ExportFormat.Inference)
            {
                trained.Model.SaveForInference(
                    path, new InferenceExportOptions { Classes = trained.Classes, Preprocessing = trained.Preprocessing });
            }
            else
            {
                trained.Model.SaveWeights(path, format: Weights(kind));
            }
            long bytes = new FileInfo(path).Length;
            var document = new { Path = path, Format = NameOf(kind), Network = trained.Name, Bytes = bytes };
            JsonOutput.Show(document, () => Console.WriteLine($"{path} ({bytes:N0} bytes)"));
            return ExitCode.Success;
        });
        return command;
    }

    private static string NameOf(ExportFormat format) => format.ToString().ToLowerInvariant();

    private static string Extension(ExportFormat format) => format switch
    {
        ExportFormat.Onnx => "onnx",
        ExportFormat.PyTorch => "pth",
        ExportFormat.TorchSharp => "dat",
        ExportFormat.Inference => "inference.safetensors",
        _ => "safetensors",
    };

    private static WeightsFormat Weights(ExportFormat format) => format switch
    {
        ExportFormat.PyTorch => WeightsFormat.PyTorch,
        ExportFormat.TorchSharp => WeightsFormat.TorchSharp,
        _ => WeightsFormat.Safetensors,
    };
}
