using System.CommandLine;
using System.Text;
using ResNet.Cli.Commands;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>
/// Runs that are stopped while no step is computed. The command runs in this process, so that it is stopped at a line of its output.
/// <c>Program</c> turns the code into 75 if the signal was SIGTERM, as <see cref="StopTests"/> check.
/// </summary>
public sealed class StopOutsideTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public StopOutsideTrainingTests()
    {
        TinyPictures.Write(Pictures, training: 8);
        foreach (string name in new[] { "bright", "dark" })
        {
            string picture = Directory.GetFiles(Path.Join(Pictures, "val", name))[0];
            File.Copy(picture, _folder.File($"pictures/test/{name}/0.bmp"));
        }
    }

    private string Pictures => Path.Join(_folder.Path, "pictures");

    private string Run => Path.Join(_folder.Path, "run");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_that_is_stopped_while_its_images_are_read_again_can_be_resumed()
    {
        Train().Code.Should().Be(ExitCode.Success);
        string before = File.ReadAllText(Path.Join(Run, "metrics.csv"));
        var (code, output) = Resume(stopAt: null);
        code.Should().Be(ExitCode.Interrupted, output);
        output.Should().Contain($"Stopped before the first step; go on by: resnet train --resume {Run}").And.NotContain("Resuming");
        File.ReadAllText(Path.Join(Run, "metrics.csv")).Should().Be(before);
    }

    [Fact]
    public void A_run_that_is_stopped_before_its_extension_begins_is_as_it_was()
    {
        Train().Code.Should().Be(ExitCode.Success);
        string before = File.ReadAllText(Path.Join(Run, "settings.json"));
        var (code, output) = Invoke(
            stopAt: null, "train", "--extend", "2", Run, "--learning-rate", "0.01", "--dataset", Pictures);
        code.Should().Be(ExitCode.Interrupted, output);
        output.Should().Contain(
            $"Stopped before the first step; extend it again by: resnet train --extend 2 {Run} --learning-rate 0.01 --dataset {Pictures}");
        File.ReadAllText(Path.Join(Run, "settings.json")).Should().Be(before);
    }

    [Fact]
    public void A_run_that_is_stopped_in_its_test_can_be_resumed()
    {
        Train().Code.Should().Be(ExitCode.Success);
        File.Delete(Path.Join(Run, "test.json"));
        var (code, output) = Resume(stopAt: "The run was at its end already");
        code.Should().Be(ExitCode.Interrupted, output);
        output.Should().Contain($"Stopped before the end of the test; go on with it by: resnet train --resume {Run}");
        File.Exists(Path.Join(Run, "test.json")).Should().BeFalse();
        Invoke(stopAt: "never written", "train", "--resume", Run).Code.Should().Be(ExitCode.Success);
        File.Exists(Path.Join(Run, "test.json")).Should().BeTrue();
    }

    [Fact]
    public void A_run_that_is_stopped_before_it_has_a_folder_cannot_be_resumed()
    {
        var train = () => Train(stopAt: "Image size 32");
        train.Should().Throw<OperationCanceledException>("Program reports 130 for it");
        Directory.Exists(Run).Should().BeFalse();
    }

    private (int Code, string Output) Train(string stopAt = "never written") => Invoke(
        stopAt, "train", "--dataset", Pictures, "--output", Run, "--network", "resnet20", "--batch-size", "8", "--workers", "1");

    private (int Code, string Output) Resume(string? stopAt) => Invoke(stopAt, "train", "--resume", Run);

    // Cancels the work when it writes a text; null: before it begins.
    private static (int Code, string Output) Invoke(string? stopAt, params string[] arguments)
    {
        using var cancellation = new CancellationTokenSource();
        if (stopAt is null) cancellation.Cancel();
        using var output = new StoppingWriter(stopAt, cancellation);
        var before = Console.Out;
        Console.SetOut(output);
        try
        {
            var root = new RootCommand { TrainCommand.Create(cancellation.Token) };
            int code = root.Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
            return (code, output.ToString());
        }
        finally
        {
            Console.SetOut(before);
        }
    }

    private sealed class StoppingWriter(string? text, CancellationTokenSource cancellation) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (text is not null && value?.Contains(text, StringComparison.Ordinal) == true) cancellation.Cancel();
        }

        public override Encoding Encoding => Encoding.UTF8;
    }
}
