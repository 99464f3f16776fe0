using ResNet.Testing;

namespace ResNet.Cli.Tests.Refusals;

/// <summary>Command lines that cannot work.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--precision is half, which needs a CUDA device: "
        + "use bfloat16 or full on the CPU.", "--precision", "half", "--device", "cpu")]
    [InlineData("--checkpoint-steps is 0, but has to be at least 1.", "--checkpoint-steps", "0")]
    [InlineData("--keep-checkpoints is 0, but has to be at least 1.", "--keep-checkpoints", "0")]
    [InlineData("--image-size is 0, but has to be at least 1.", "--image-size", "0")]
    [InlineData("--batch-size is 0, but has to be at least 1.", "--batch-size", "0")]
    [InlineData("--cache-mb is -1, but has to be at least 0.", "--cache-mb", "-1")]
    [InlineData("--checkpoint-minutes is -1, but has to be between 0 and 1000000.", "--checkpoint-minutes", "-1")]
    [InlineData("--recipe is 'mine', but has to be one of *.", "--recipe", "mine")]
    public void Training_is_refused_in_one_sentence_that_leaves_nothing_behind(string message, params string[] arguments)
    {
        string pictures = Path.Combine(_folder.Path, "pictures"), run = Path.Combine(_folder.Path, "run");
        TinyPictures.Write(pictures);
        using var process = ConsoleProcess.Start(["train", "--dataset", pictures, "--output", run, .. arguments]);
        process.ExitCode().Should().Be(1);
        process.Output.Trim().Should().Match($"error: {message}");
        Directory.Exists(run).Should().BeFalse();
    }
}
