using System.Xml.Linq;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Samples;

/// <summary>The study of plain and residual networks, with a few steps on a few images.</summary>
public sealed class StudyTests : IDisposable
{
    private const int BatchSize = 128;

    private static readonly string[] s_networks = ["plain20", "plain56", "resnet20", "resnet56"];

    private readonly TemporaryFolder _folder = new();

    public StudyTests() => TinyPictures.Write(Pictures, BatchSize);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_study_that_was_stopped_ends_with_the_errors_of_one_that_was_not()
    {
        if (OperatingSystem.IsWindows()) return;
        using (var process = Start("stopped"))
        {
            process.WaitUntil(() => process.Output.Contains("plain20 2/2", StringComparison.Ordinal));
            process.Signal(ConsoleProcess.Terminate);
            process.ExitCode().Should().Be(75, process.Output);
            process.Output.Should().Contain("the same command resumes");
        }
        Finish("stopped");
        Finish("undisturbed");
        string[] errors = File.ReadAllLines(In("undisturbed", "degradation.csv"));
        errors.Skip(1).Select(line => string.Join(' ', line.Split(',').Take(2))).Should()
            .Equal(s_networks.SelectMany(network => new[] { $"{network} 1", $"{network} 2" }));
        File.ReadAllLines(In("stopped", "degradation.csv")).Should().Equal(errors);
        string[] texts = [.. XDocument.Load(In("undisturbed", "degradation.svg")).Descendants()
            .Where(element => element.Name.LocalName == "text").Select(element => element.Value)];
        texts.Where(text => text.EndsWith("networks", StringComparison.Ordinal) || text.Contains("layers")).Should().Equal(
            "Plain networks", "20 layers: test, training", "56 layers: test, training",
            "Residual networks", "20 layers: test, training", "56 layers: test, training");
    }

    [Theory]
    [InlineData("Give either --steps or --hours.")]
    [InlineData("Give either --steps or --hours.", "--steps", "4", "--hours", "1")]
    [InlineData("--evaluations is 0, but has to be at least 1.", "--steps", "4", "--evaluations", "0")]
    [InlineData("--steps is 1, but has to be at least the number of --evaluations, 2.", "--steps", "1", "--evaluations", "2")]
    [InlineData("--hours is -1, but has to be more than 0.", "--hours", "-1")]
    [InlineData("--device is 'tpu', but has to be cpu or cuda.", "--steps", "4", "--evaluations", "2", "--device", "tpu")]
    public void What_cannot_be_is_refused_in_one_sentence_that_leaves_nothing_behind(string message, params string[] arguments)
    {
        using var process = ConsoleProcess.StartSample(
            "degradation-study", ["--dataset", Pictures, "--output", In("refused"), .. arguments]);
        process.ExitCode().Should().Be(1);
        process.Output.Trim().Should().Be($"error: {message}");
        Directory.Exists(In("refused")).Should().BeFalse();
    }

    private string Pictures => In("pictures");

    private string In(params IEnumerable<string> names) => Path.Combine([_folder.Path, .. names]);

    private ConsoleProcess Start(string output) =>
        ConsoleProcess.StartSample(
            "degradation-study", "--dataset", Pictures, "--output", In(output), "--steps", "2", "--evaluations", "2", "--device", "cpu");

    private void Finish(string output)
    {
        using var process = Start(output);
        process.ExitCode().Should().Be(0, process.Output);
    }
}
