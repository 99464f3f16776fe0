using ResNet.Core;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Samples;

/// <summary>The sample that trains on Imagenette, on a few tiny pictures.</summary>
public sealed class ImagenetteTests : IDisposable
{
    // One batch of the recipe.
    private const int Photos = 64;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_sample_trains_evaluates_predicts_and_saves_weights()
    {
        TinyPictures.Write(Path.Combine(_folder.Path, "pictures"), Photos);
        using var process = Start("pictures");
        process.ExitCode().Should().Be(0, process.Output);
        string[] lines = process.Output.ReplaceLineEndings("\n").Split('\n');
        lines.Should().ContainSingle(
            line => line.StartsWith("Training ResNet-18 on 64 images of 2 classes, 5 epochs", StringComparison.Ordinal));
        lines.Where(line => line.StartsWith("epoch ", StringComparison.Ordinal)).Should().HaveCount(5);
        lines.Should().ContainSingle(line => line.StartsWith("bright ", StringComparison.Ordinal))
            .And.ContainSingle(line => line.StartsWith("dark ", StringComparison.Ordinal));
        lines.Count(line => line.EndsWith("% bright", StringComparison.Ordinal) || line.EndsWith("% dark", StringComparison.Ordinal))
            .Should().Be(2);

        using var network = ResNets.ResNet18(classes: 2);
        network.LoadWeights(Path.Combine(_folder.Path, "imagenette.safetensors")).Missing.Should().BeEmpty();
    }

    [Theory]
    [InlineData("missing", "missing")]
    [InlineData(".", "train/")]
    public void A_folder_without_images_is_refused_in_a_sentence_that_names_what_is_missing(string folder, string missing)
    {
        using var process = Start(folder);
        process.ExitCode().Should().Be(1);
        process.Output.TrimEnd().Should().StartWith("error: ").And.Contain(missing).And.NotContain("\n");
        Directory.EnumerateFileSystemEntries(_folder.Path).Should().BeEmpty();
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("a", "b")]
    public void Other_arguments_are_answered_by_the_usage(params string[] arguments)
    {
        using var process = Start(arguments);
        process.ExitCode().Should().Be(1);
        process.Output.Should().StartWith("usage: imagenette [FOLDER]");
    }

    private ConsoleProcess Start(params IEnumerable<string> arguments) =>
        ConsoleProcess.StartIn(_folder.Path, new Dictionary<string, string>(), "imagenette", arguments);
}
