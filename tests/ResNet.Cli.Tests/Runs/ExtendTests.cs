using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;

namespace ResNet.Cli.Tests.Runs;

/// <summary>Finished runs that <c>train --extend</c> goes on with.</summary>
[Collection(InterruptedRuns.Name)]
public sealed class ExtendTests(InterruptedRuns runs)
{
    [Fact]
    public void An_extended_run_that_is_killed_and_resumed_ends_with_the_bits_of_one_that_is_not()
    {
        var finished = runs.Undisturbed("momentum").Run;
        var whole = finished.CopyTo(runs.NewFolder());
        Output("--extend", "2", whole.Folder, "--learning-rate", "0.01").Should().Contain("Going on in epoch 5 after 24 steps")
            .And.Contain("Epoch 6/6: ");
        RunFolder.Open(whole.Folder).Settings.Training.Extensions.Should().Equal(
            new RunExtension { After = 4, Epochs = 2, LearningRate = 0.01 });
        File.ReadLines(Path.Combine(whole.Folder, "metrics.csv")).Should().HaveCount(7)
            .And.StartWith(File.ReadLines(Path.Combine(finished.Folder, "metrics.csv")));

        var killed = finished.CopyTo(runs.NewFolder());
        string newest = killed.Files[0];
        using (var process = ConsoleProcess.Start("train", "--extend", "2", killed.Folder, "--learning-rate", "0.01"))
        {
            process.WaitUntil(() => killed.Files is [var file, ..] && file != newest);
            process.Kill();
        }
        killed.Finish();
        killed.Results().Should().Equal(whole.Results());

        Output("--extend", "1", killed.Folder).Should().Contain("Epoch 7/7: ");
        RunFolder.Open(killed.Folder).Settings.Training.Extensions.Should().HaveCount(2).And.EndWith(
            new RunExtension { After = 6, Epochs = 1 });
    }

    [Fact]
    public void An_unfinished_run_is_resumed_and_not_extended()
    {
        var run = runs.New("momentum");
        using (var process = run.Start())
        {
            process.WaitUntil(() => run.Files.Count > 0);
            process.Kill().Should().BeTrue();
        }
        Refusal("--extend", "1", run.Folder).Should().Be(
            $"error: The run '{run.Folder}' is not finished, so it cannot be extended: resume it first. 'train --resume FOLDER' does "
            + "that.");
        RunFolder.OpenUnfinished(run.Folder).Settings.Training.Extensions.Should().BeNull();
    }

    [Fact]
    public void A_run_is_extended_on_its_own_images_wherever_they_are_and_on_no_others()
    {
        var run = runs.Undisturbed("momentum").Run.CopyTo(runs.NewFolder());
        string moved = runs.NewFolder();
        foreach (string file in Directory.GetFiles(runs.Pictures, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(moved, Path.GetRelativePath(runs.Pictures, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        string picture = Path.Combine(moved, "train", "bright", "000.bmp");
        byte[] pixels = File.ReadAllBytes(picture);
        File.WriteAllBytes(picture, [.. pixels[..^1], (byte)(pixels[^1] ^ 1)]);
        Refusal("--extend", "1", run.Folder, "--dataset", moved).Should()
            .Contain($"The images in '{moved}' are not those that the run '{run.Folder}' began with: ");
        RunFolder.Open(run.Folder).Settings.Training.Extensions.Should().BeNull();

        File.WriteAllBytes(picture, pixels);
        Output("--extend", "1", run.Folder, "--dataset", moved).Should().Contain("Epoch 5/5: ");
        var settings = RunFolder.Open(run.Folder).Settings;
        settings.Dataset.Should().Be(moved);
        settings.Training.Extensions.Should().Equal(new RunExtension { After = 4, Epochs = 1 });
    }

    [Theory]
    [InlineData("--extend needs a number of epochs and the folder of a run, such as --extend 5 runs/mine.", "5")]
    [InlineData("--extend is '0', but has to be a number of epochs, at least 1, and then the folder of a run.", "0", "RUN")]
    [InlineData("--extend is '1.5', but has to be a number of epochs, at least 1, and then the folder of a run.", "1.5", "RUN")]
    [InlineData("--learning-rate is 0, but has to be more than 0.", "1", "RUN", "--learning-rate", "0")]
    [InlineData(
        "--batch-size cannot be changed with --extend, which goes on with the run as it is: leave it out, or begin a new run.",
        "1", "RUN", "--batch-size", "4")]
    public void What_an_extension_cannot_be_is_refused(string sentence, params string[] arguments)
    {
        string folder = runs.Undisturbed("momentum").Run.Folder;
        Refusal(["--extend", .. arguments.Select(argument => argument == "RUN" ? folder : argument)]).Should().Be($"error: {sentence}");
    }

    [Fact]
    public void An_extension_of_too_many_steps_is_refused_and_leaves_the_run_as_it_is()
    {
        var run = runs.Undisturbed("momentum").Run.CopyTo(runs.NewFolder());
        string settings = File.ReadAllText(Path.Combine(run.Folder, "settings.json"));
        // Each epoch has 6 steps, and 24 of 2,147,483,647 are over.
        Refusal("--extend", "2000000000", run.Folder, "--dataset", runs.Pictures).Should().Be(
            "error: --extend is 2000000000, but has to be at most 357913937.");
        File.ReadAllText(Path.Combine(run.Folder, "settings.json")).Should().Be(settings);
        Output("--extend", "1", run.Folder).Should().Contain("Epoch 5/5: ");
    }

    private static string Output(params IEnumerable<string> arguments)
    {
        using var process = ConsoleProcess.Start(["train", .. arguments]);
        process.ExitCode().Should().Be(0, process.Output);
        return process.Output;
    }

    private static string Refusal(params IEnumerable<string> arguments)
    {
        using var process = ConsoleProcess.Start(["train", .. arguments]);
        process.ExitCode().Should().Be(1, process.Output);
        return process.Output.TrimEnd().Split('\n')[^1].TrimEnd();
    }
}
