using ResNet.Inference;
using ResNet.Testing;

namespace ResNet.Cli.Tests;

/// <summary><c>export</c>: files for other programs.</summary>
public sealed class ExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Run => Path.Combine(_folder.Path, "run");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_is_exported_into_its_folder_in_every_format()
    {
        Train();
        (string Format, string File)[] files =
        [
            ("onnx", "resnet20.onnx"), ("safetensors", "resnet20.safetensors"), ("pytorch", "resnet20.pth"), ("torchsharp", "resnet20.dat"),
            ("inference", "resnet20.inference.safetensors"),
        ];
        foreach (var (format, file) in files)
        {
            string path = Path.Combine(Run, file);
            Export(0, "--format", format).Should().MatchRegex($@"^{System.Text.RegularExpressions.Regex.Escape(path)} \([\d,]+ bytes\)$");
            new FileInfo(path).Length.Should().BeInRange(1_000_000, 1_300_000, "resnet20 has 0.27 million weights of four bytes");
        }
        using (var classifier = ImageClassifier.Open(Path.Combine(Run, "resnet20.inference.safetensors")))
            classifier.Classes.Should().Equal("bright", "dark");
        string elsewhere = Path.Combine(_folder.Path, "elsewhere.onnx");
        Export(0, "--pixels", "--probabilities", "--output", elsewhere).Should().StartWith(elsewhere);
        File.ReadAllText(elsewhere, System.Text.Encoding.Latin1).Should().ContainAll("pixels", "probabilities", """["bright","dark"]""");
    }

    [Fact]
    public void What_cannot_be_exported_is_refused_in_one_sentence()
    {
        Train();
        Export(1, "--format", "pytorch", "--pixels").Should().Be("error: --pixels and --probabilities are for --format onnx, "
            + "which has such inputs and outputs alone: leave them out.");
        Export(1, "--format", "tflite").Should().StartWith("error: --format is 'tflite', but has to be one of Onnx, Inference, "
            + "Safetensors, PyTorch, TorchSharp.");
        Export(1, "--network", "resnet50", "--pretrained").Should().StartWith("error: --network and --pretrained go together, "
            + "and take the place of a run");
        string nowhere = Path.Combine(_folder.Path, "nowhere", "network.onnx");
        Export(1, "--output", nowhere).Should().Be($"error: The file '{nowhere}' cannot be written: its folder does not exist.");
    }

    private void Train()
    {
        string pictures = Path.Combine(_folder.Path, "pictures");
        TinyPictures.Write(pictures);
        using var process = ConsoleProcess.Start(
            "train", "--dataset", pictures, "--network", "resnet20", "--epochs", "1", "--batch-size", "16",
            "--device", "cpu", "--output", Run);
        process.ExitCode().Should().Be(0, process.Output);
    }

    private string Export(int exitCode, params string[] arguments)
    {
        using var process = ConsoleProcess.Start(["export", Run, .. arguments]);
        process.ExitCode().Should().Be(exitCode, process.Output);
        return process.Output.Trim();
    }
}
