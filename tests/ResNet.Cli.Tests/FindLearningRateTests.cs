using System.Text.Json;
using ResNet.Testing;

namespace ResNet.Cli.Tests;

public sealed class FindLearningRateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FindLearningRateTests() => TinyPictures.Write(_folder.File("pictures"), training: 16);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_curve_is_written_and_nothing_else()
    {
        string page = _folder.File("curve.html");
        using var process = Start("--steps", "12", "--from", "0.0001", "--to", "0.1", "--optimizer", "adamw", "--output", page, "--json");
        process.ExitCode().Should().Be(0, process.Output);
        using var document = JsonDocument.Parse(process.StandardOutput);
        var points = document.RootElement.GetProperty("points").EnumerateArray().ToList();
        points.Should().HaveCountGreaterThan(1).And.HaveCountLessThanOrEqualTo(12);
        points[0].GetProperty("learning_rate").GetDouble().Should().BeApproximately(1e-4, 1e-12);
        (points[1].GetProperty("learning_rate").GetDouble() / 1e-4).Should().BeApproximately(Math.Pow(10, 3 / 11.0), 1e-9);
        document.RootElement.GetProperty("page").GetString().Should().Be(page);
        File.ReadAllText(page).Should().Contain("Test of learning rates").And.Contain("resnet20");
        Directory.GetFileSystemEntries(_folder.Path).Should().BeEquivalentTo(_folder.File("pictures"), page);
    }

    [Theory]
    [InlineData("--to is 0.1, but has to be more than 1.", "--from", "1", "--to", "0.1")]
    [InlineData("--steps is 9, but has to be at least 10.", "--steps", "9")]
    [InlineData("--from is -1, but has to be more than 0.", "--from", "-1")]
    public void Limits_that_make_no_curve_are_refused(string sentence, params string[] arguments)
    {
        using var process = Start(arguments);
        process.ExitCode().Should().Be(1, process.Output);
        process.Output.Should().Contain($"error: {sentence}");
    }

    [Theory]
    [InlineData("--to is 0.1, but has to be more than 1.", "--from", "1", "--to", "0.1")]
    [InlineData("--output is '.', which is a folder: give the name of an HTML file, too.", "--output", ".")]
    public void What_cannot_be_is_refused_before_the_images_are_opened(string sentence, params string[] arguments)
    {
        using var process = Start(["--dataset", "nowhere", .. arguments]);
        process.ExitCode().Should().Be(1, process.Output);
        process.Output.Should().Contain($"error: {sentence}").And.NotContain("nowhere");
    }

    [Fact]
    public void A_loss_that_is_not_finite_does_not_mean_that_the_last_learning_rate_is_too_low()
    {
        using var process = Start("--steps", "10", "--from", "1e20", "--to", "1e38", "--output", "a curve.html");
        process.ExitCode().Should().Be(0, process.Output);
        process.Output.Should().Contain("since the loss rose too far").And.Contain("The loss is lowest, ")
            .And.NotContain("may be too low").And.Contain("The curve is in 'a curve.html'");
    }

    private ConsoleProcess Start(params IEnumerable<string> arguments) => ConsoleProcess.StartIn(
        _folder.Path, new Dictionary<string, string>(), "resnet",
        [
            "find-lr", .. arguments.Contains("--dataset") ? Array.Empty<string>() : ["--dataset", "pictures"], "--network", "resnet20",
            "--batch-size", "8", "--workers", "1", .. arguments,
        ]);
}
