using ResNet.Testing;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Reports;
using ResNet.Training.Reports.Comparison;
using ResNet.Training.TrainingLoop.Results;

namespace ResNet.Training.Tests.Reports.Comparison;

public sealed class RunComparisonTests : IDisposable
{
    private const string Header =
        "epoch,steps,train_loss,val_loss,val_top1,val_top5,average_loss,average_top1,average_top5,learning_rate,images_per_second\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Best_epochs_final_losses_and_times_stand_side_by_side()
    {
        string first = Run(
            "first",
            """{ "BatchSize": 32, "Training": { "AccumulateBatches": 2 } }""",
            "1,10,2,1.5,50,90,,,,0.1,64\n2,20,1,1.25,70.125,95,,,,0.05,128\n3,30,0.5,1.75,60,95,,,,0.01,128\n");
        string second = Run("second", """{ "BatchSize": 32 }""", "1,10,2,1.5,50,90,1.25,80.5,99,0.1,64\n2,20,1.125,,,,,,,0.05,\n");
        var comparison = RunComparison.Read([first, second]);
        comparison.Runs.Select(run => run.Name).Should().Equal("first", "second");
        comparison.Runs[0].Best.Should().Be(new BestEpoch(2, 70.125, 1.25, IsAverage: false));
        comparison.Runs[1].Best.Should().Be(new BestEpoch(1, 80.5, 1.25, IsAverage: true));
        // 640 images at 64 per second and twice as many at 128.
        comparison.Runs[0].TrainingTime.Should().Be(TimeSpan.FromSeconds(20));
        comparison.Runs[1].TrainingTime.Should().BeNull("the speed of the second epoch is unknown");
        comparison.Results.Select(row => $"{row.Name}: {string.Join(" | ", row.Values)}").Should().Equal(
            "Best top-1: 70.13 % | 80.50 %",
            "Best epoch: 2 | 1, average",
            "Epochs: 3 | 2",
            "Final validation loss: 1.7500 | 1.5000",
            "Final training loss: 0.5000 | 1.1250",
            "Training time: 20 s | –",
            "Images per second: 128 | 64");
    }

    [Fact]
    public void Only_settings_that_differ_are_named()
    {
        string first = Run(
            "a",
            """
            {
              "Network": "resnet18", "Seed": 1, "Mean": [0.5, 0.25], "Pretrained": null,
              "Training": { "Optimizer": { "$type": "sgd", "LearningRate": 0.1, "Momentum": 0.9 } }
            }
            """,
            "");
        string second = Run(
            "b",
            """
            {
              "Network": "resnet18", "Seed": 1, "Mean": [0.5, 0.5], "Pretrained": "x",
              "Training": { "Optimizer": { "$type": "lamb", "LearningRate": 0.2, "Momentum": 0.9, "Nesterov": true } }
            }
            """,
            "");
        RunComparison.Read([first, second]).Differences.Select(row => $"{row.Name}: {string.Join(" | ", row.Values)}").Should().Equal(
            "Mean: 0.5, 0.25 | 0.5, 0.5", "Training.Optimizer: sgd | lamb", "Training.Optimizer.LearningRate: 0.1 | 0.2",
            "Pretrained: – | x", "Training.Optimizer.Nesterov: – | True");
    }

    [Fact]
    public void Runs_in_folders_of_one_name_are_called_by_their_paths()
    {
        string first = Run("x/run", "{}", ""), second = Run("y/run", "{}", ""), third = Run("z", "{}", "");
        RunComparison.Read([first, second, third]).Runs.Select(run => run.Name).Should().Equal(first, second, "z");
    }

    [Fact]
    public void A_run_without_an_epoch_has_nothing_to_tell()
    {
        RunComparison.Read([Run("a", "{}", "")]).Results.Where(row => row.Name != "Epochs")
            .Should().OnlyContain(row => row.Values[0] == "–");
    }

    [Fact]
    public void Folders_that_are_none_of_a_run_are_refused_with_a_sentence()
    {
        string missing = Path.Combine(_folder.Path, "missing");
        Refusal(missing).Should().Be($"There is no run folder '{missing}'.");
        string empty = Path.GetDirectoryName(_folder.File("empty/x"))!;
        Refusal(empty).Should().Be(
            $"The settings '{Path.Combine(empty, "settings.json")}' cannot be read: "
            + "it is not there. Give the folder of a run that has them.");
        string broken = Run("broken", "{ 12", "");
        Refusal(broken).Should().StartWith($"The settings '{Path.Combine(broken, "settings.json")}' cannot be read: ");
        var none = () => RunComparison.Read([]);
        none.Should().Throw<ArgumentException>().WithMessage("There are no runs to compare: give at least one.*");
    }

    [Fact]
    public void Runs_on_the_same_images_at_other_paths_are_ranked()
    {
        var comparison = RunComparison.Read(
        [
            RunOn("a", ("train", "cat", "t/1.png", 5), ("validation", "cat", "v/cat/1.png", 1), ("validation", "dog", "v/dog/1.png", 2)),
            // Other training images and other names, and the best epoch was chosen on them as test images.
            RunOn("b", ("train", "cat", "train/cat/9.png", 9), ("test", "dog", "test/dog/x.png", 2), ("test", "cat", "test/cat/y.png", 1)),
        ]);
        (comparison.IsRanked, comparison.ImagesNote).Should().Be((true, null));
        HtmlReport.Compare(comparison).Should().Contain("best top-1: a, weights of epoch 1").And.NotContain("class=\"warning\"");
    }

    [Fact]
    public void Runs_on_different_images_are_not_ranked_and_a_sentence_says_which_run_was_evaluated_on_which()
    {
        string[] folders =
        [
            RunOn("a", ("validation", "cat", "val/cat/1.png", 1), ("validation", "dog", "val/dog/1.png", 2)),
            RunOn("b", ("validation", "cat", "val/cat/1.png", 1), ("validation", "dog", "val/dog/1.png", 3)),
            RunOn("c", ("validation", "cat", "val/cat/2.png", 1), ("validation", "dog", "val/dog/2.png", 2)),
            // The same content as another class is another image.
            RunOn("d", ("validation", "dog", "val/dog/1.png", 1), ("validation", "dog", "val/dog/2.png", 2)),
            Run("e", "{}", "1,10,2,1.5,50,90,,,,0.1,64\n"),
        ];
        var comparison = RunComparison.Read(folders);
        comparison.IsRanked.Should().BeFalse();
        comparison.ImagesNote.Should().Be(
            "The runs were evaluated on different images, so none of them is marked as the best: "
            + "a and c on 2 validation images of 'a & co' and 'c & co'; "
            + "b on 2 validation images of 'b & co', 1 of which a was evaluated on; "
            + "d on 2 validation images of 'd & co', 1 of which a was evaluated on; "
            + "e has no images.tsv, so its images are not known.");
        string page = HtmlReport.Compare(comparison);
        page.Should().Contain("<p class=\"warning\">The runs were evaluated on different images, ").And.Contain("b &amp; co");
        page.Should().NotContain("best top-1:").And.NotContain("lowest final validation loss:");
        RunComparison.Read([folders[0], folders[2]]).IsRanked.Should().BeTrue();
    }

    [Fact]
    public void Runs_without_a_manifest_are_not_ranked()
    {
        string first = RunOn("a", ("validation", "cat", "val/cat/1.png", 1)), second = Run("b", "{}", ""), third = Run("c", "{}", "");
        RunComparison.Read([first, second]).ImagesNote.Should().Be(
            "Whether the runs were evaluated on the same images is not known, so none of them is marked as the best: "
            + "a on 1 validation image of 'a & co'; b has no images.tsv, so its images are not known.");
        RunComparison.Read([second, third]).ImagesNote.Should().EndWith(
            ": b and c have no images.tsv, so their images are not known.");
        RunComparison.Read([second]).IsRanked.Should().BeTrue("a single run cannot be ranked wrongly");
    }

    [Fact]
    public void Runs_on_packs_and_on_files_are_not_ranked()
    {
        // The hashes of pixels have 32 bits.
        var comparison = RunComparison.Read([RunOn("a", ("validation", "cat", "val/cat/1.png", 1)), RunOn("b", isOfPacks: true)]);
        comparison.ImagesNote.Should().Be(
            "Whether the runs were evaluated on the same images is not known, so none of them is marked as the best: "
            + "a on 1 validation image of 'a & co'; b on 1 packed validation image of 'b & co'.");
    }

    [Fact]
    public void A_damaged_manifest_is_refused_with_a_sentence()
    {
        string folder = Run("a", "{}", "");
        File.WriteAllText(Path.Combine(folder, "images.tsv"), "nothing");
        Refusal(folder).Should().Be(
            $"The manifest '{Path.Combine(folder, "images.tsv")}' cannot be read: line 1 is not that of a manifest.");
    }

    private string RunOn(string name, params (string Split, string Class, string Path, int Content)[] images) =>
        RunOn(name, isOfPacks: false, images);

    private string RunOn(string name, bool isOfPacks, params (string Split, string Class, string Path, int Content)[] images)
    {
        string folder = Run(name, $$"""{ "Dataset": "{{name}} & co" }""", "1,10,2,1.5,50,90,,,,0.1,64\n");
        if (images.Length == 0) images = [("validation", "cat", "val/cat/1.png", 1)];
        ulong above = isOfPacks ? 0 : 1UL << 40;
        new DatasetManifest(images.Select(image => new ManifestEntry(
            Enum.Parse<DatasetSplit>(image.Split, ignoreCase: true), image.Class, image.Path, 100, above + (ulong)image.Content)))
            .Write(Path.Combine(folder, "images.tsv"));
        return folder;
    }

    private static string Refusal(string folder)
    {
        var read = () => RunComparison.Read([folder]);
        return read.Should().Throw<RunFolderException>().Which.Message;
    }

    private string Run(string name, string settings, string rows)
    {
        File.WriteAllText(_folder.File($"{name}/settings.json"), settings);
        File.WriteAllText(_folder.File($"{name}/metrics.csv"), Header + rows);
        return Path.Combine(_folder.Path, name);
    }
}
