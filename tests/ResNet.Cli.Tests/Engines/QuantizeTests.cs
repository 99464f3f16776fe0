using System.Text.Json;
using System.Text.RegularExpressions;
using ResNet.Inference;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Engines;

/// <summary><c>quantize</c>: a run's network with 8-bit integers.</summary>
public sealed class QuantizeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Run => Path.Combine(_folder.Path, "run");

    private string Pictures => Path.Combine(_folder.Path, "pictures");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_is_quantized_into_its_folder_and_compared()
    {
        Train();
        string path = Path.Combine(Run, "resnet20.int8.safetensors");
        string[] lines = [.. Quantize(0).Split('\n').SkipWhile(line => line.StartsWith("Choosing ranges", StringComparison.Ordinal))];
        lines = [.. lines.Where(line => !line.StartsWith("Comparing", StringComparison.Ordinal))];
        lines[0].Should().MatchRegex(
            $@"^{Regex.Escape(path)} \(\d\d\d,\d\d\d bytes, float32 has 1,\d\d\d,\d\d\d\), from 48 images of training$");
        new FileInfo(path).Length.Should().BeInRange(270_000, 400_000, "resnet20 has 0.27 million weights of a byte");
        lines[1].Should().Be($"16 images of {Pictures}/val:");
        lines[2].Should().MatchRegex(@"^  float32  loss \d\.\d{4}, top-1 \d+\.\d\d %, \d+ img/s$");
        lines[3].Should().MatchRegex(@"^  int8     loss \d\.\d{4}, top-1 \d+\.\d\d %, \d+ img/s$");
        lines[4].Should().MatchRegex(@"^  int8 is (\d+\.\d times as fast|not faster) on this processor");
        lines[5].Should().MatchRegex(@"^  \d+ images? changed class:?$");
        using var classifier = ImageClassifier.Open(path);
        classifier.Classes.Should().Equal("bright", "dark");
        classifier.Model.IsQuantized.Should().BeTrue();
        classifier.Classify(Path.Combine(Pictures, "val", "bright", "000.bmp")).Should().HaveCount(2);
    }

    [Fact]
    public void The_document_has_what_changed()
    {
        Train();
        string path = Path.Combine(_folder.Path, "small.safetensors");
        using var process = ConsoleProcess.Start("quantize", Run, "--images", "20", "--output", path, "--json");
        process.ExitCode().Should().Be(0, process.Output);
        using var document = JsonDocument.Parse(process.StandardOutput);
        var root = document.RootElement;
        root.GetProperty("path").GetString().Should().Be(path);
        root.GetProperty("bytes").GetInt64().Should().Be(new FileInfo(path).Length);
        root.GetProperty("calibration_images").GetInt32().Should().Be(20);
        var comparison = root.GetProperty("comparison");
        comparison.GetProperty("images").GetInt32().Should().Be(16);
        var (before, after) = (comparison.GetProperty("float32"), comparison.GetProperty("int8"));
        before.GetProperty("loss").GetDouble().Should().BeApproximately(after.GetProperty("loss").GetDouble(), 0.05);
        int changed = comparison.GetProperty("changed").GetArrayLength();
        double difference = Math.Abs(before.GetProperty("top1").GetDouble() - after.GetProperty("top1").GetDouble());
        difference.Should().BeLessThanOrEqualTo(changed * 100.0 / 16);
    }

    [Fact]
    public void A_run_without_its_validation_images_is_quantized_but_not_compared()
    {
        Train();
        Directory.Delete(Path.Combine(Pictures, "val"), recursive: true);
        string output = Quantize(0);
        output.Should().Contain("The accuracy was not compared. None of the validation images of the run ").And.NotContain("top-1");
        File.Exists(Path.Combine(Run, "resnet20.int8.safetensors")).Should().BeTrue();
    }

    [Fact]
    public void What_cannot_be_quantized_is_refused_in_one_sentence()
    {
        Train();
        Quantize(1, "--images", "0").Should().Be("error: --images is 0, but has to be at least 1.");
        string nowhere = Path.Combine(_folder.Path, "nowhere", "network.safetensors");
        Quantize(1, "--output", nowhere).Should().EndWith($"error: The file '{nowhere}' cannot be written: its folder does not exist.");
        Directory.Delete(Pictures, recursive: true);
        Quantize(1).Should().StartWith("error: ").And.NotContain("   at ");
        Directory.GetFiles(Run, "*.int8.safetensors*").Should().BeEmpty();
    }

    private void Train()
    {
        TinyPictures.Write(Pictures);
        using var process = ConsoleProcess.Start(
            "train", "--dataset", Pictures, "--network", "resnet20", "--epochs", "1", "--batch-size", "16",
            "--device", "cpu", "--output", Run);
        process.ExitCode().Should().Be(0, process.Output);
    }

    private string Quantize(int exitCode, params string[] arguments)
    {
        using var process = ConsoleProcess.Start(["quantize", Run, .. arguments]);
        process.ExitCode().Should().Be(exitCode, process.Output);
        return (exitCode == 0 ? process.StandardOutput : process.Output).Trim();
    }
}
