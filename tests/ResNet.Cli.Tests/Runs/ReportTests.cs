using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>The report and the output of a run that learns nothing, on images some of which are there twice.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_that_predicts_one_class_and_has_copies_of_images_says_so_in_output_and_report()
    {
        TinyPictures.Write(_folder.File("photos"));
        string In(string path) => Path.Combine(_folder.Path, "photos", path);
        File.Copy(In("train/dark/001.bmp"), In("train/dark/copy.bmp"));
        File.Copy(In("train/dark/003.bmp"), In("train/bright/taken for bright.bmp"));
        File.Copy(In("train/bright/000.bmp"), In("val/bright/leak.bmp"));
        // Nearly no learning: the norms' statistics at the start make one class of all images.
        using var training = Start(
            "train", "--dataset", "photos", "--network", "resnet20", "--epochs", "1", "--batch-size", "16", "--learning-rate", "1e-12",
            "--device", "cpu", "--output", "run", "--json");
        training.ExitCode().Should().Be(0, training.Output);
        training.Output.Should().Contain(
            "Note: 2 training images are copies of another one (train/dark/003.bmp = train/bright/taken for bright.bmp, "
            + "train/dark/copy.bmp = train/dark/001.bmp), 1 of them in another class: 'verify-data --all' lists all.");
        training.Output.Should().NotContain("top-5");
        string? collapse = JsonDocument.Parse(training.StandardOutput).RootElement.GetProperty("collapse").GetString();
        collapse.Should().MatchRegex("^All 17 images are predicted as '(bright|dark)', although they are of 2 classes: ");
        training.Output.Should().Contain($"Hint: {collapse}");

        string page = File.ReadAllText(Path.Combine(_folder.Path, "run", "report.html"));
        page.Should().Contain($"<li>Evaluation: {WebUtility.HtmlEncode(collapse)}</li>")
            .And.Contain("3 images have the same bytes as another one, and 1 of the images to evaluate is also among the training images.");
        Regex.Matches(page, "<span class=\"file\" title=\"([^\"]*)\">val/<wbr>(bright|dark)/<wbr>[a-z0-9]*.bmp</span>")
            .Should().NotBeEmpty().And.OnlyContain(file => Path.IsPathRooted(file.Groups[1].Value) && File.Exists(file.Groups[1].Value));

        using var evaluating = Start("evaluate", "--run", "run", "--device", "cpu");
        evaluating.ExitCode().Should().Be(0, evaluating.Output);
        evaluating.Output.Should().Contain($"Hint: {collapse}").And.NotContain("top-5");
    }

    private ConsoleProcess Start(params string[] arguments) =>
        ConsoleProcess.StartIn(_folder.Path, new Dictionary<string, string>(), "resnet", arguments);
}
