using System.Diagnostics;
using CsCheck;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;

namespace ResNet.Training.Tests.Data.Folders;

public sealed class DatasetSplitsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("train", "val")]
    [InlineData("Train", "Val")]
    [InlineData("TRAIN", "VALID")]
    [InlineData("training", "validation")]
    [InlineData("Training", "Validation")]
    public void A_validation_folder_chooses_the_best_epoch_whatever_it_is_called(string train, string validation)
    {
        Touch($"{train}/a/1.png", $"{train}/b/1.png", $"{validation}/a/2.png", $"{validation}/b/2.png", "test/a/3.png", "test/b/3.png");
        var splits = DatasetSplits.Open(_folder.Path);
        Names(splits.Train).Should().Equal($"{train}/a/1.png", $"{train}/b/1.png");
        Names(splits.Evaluation).Should().Equal($"{validation}/a/2.png", $"{validation}/b/2.png");
        Names(splits.Test!).Should().Equal("test/a/3.png", "test/b/3.png");
        splits.EvaluatesOnTest.Should().BeFalse();
    }

    [Theory]
    [InlineData("test")]
    [InlineData("Testing")]
    public void A_test_folder_alone_chooses_the_best_epoch_and_says_so(string test)
    {
        Touch("train/a/1.png", $"{test}/a/2.png");
        var splits = DatasetSplits.Open(_folder.Path);
        Names(splits.Evaluation).Should().Equal($"{test}/a/2.png");
        splits.EvaluatesOnTest.Should().BeTrue();
        splits.Test.Should().BeNull();
    }

    [Fact]
    public void Splits_are_never_classes()
    {
        Touch("train/a/1.png", "valid/a/1.png");
        Refusal(() => new ImageFolder(_folder.Path)).Should().Be(
            $"The folders in '{_folder.Path}' are splits and not classes: train/, valid/. Give one of them, such as "
            + $"'{Path.Join(_folder.Path, "train")}', or open them together as splits.");
        Touch("train/Validation/1.png");
        Refusal(() => DatasetSplits.Open(_folder.Path)).Should().Be(
            $"The folder '{Path.Join(_folder.Path, "train", "Validation")}' lies among class folders, but its name is that of a split and "
            + "never a class: rename it, or move it elsewhere.");
    }

    [Fact]
    public void A_split_among_class_folders_is_refused_whatever_is_asked_for()
    {
        Touch("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png", "TEST/cat/1.png");
        string expected = $"'{_folder.Path}' has TEST/ beside cat/, and a folder of that name is never a class: put the class folders to "
            + $"learn from into {Path.Join(_folder.Path, "train")}.";
        Refusal(() => DatasetSplits.Open(_folder.Path)).Should().Be(expected);
        Refusal(() => DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = 0.5 })).Should().Be(expected);
        Refusal(() => DatasetSplits.OpenAll(_folder.Path)).Should().Be(expected);
    }

    [Fact]
    public void Training_images_beside_a_folder_that_is_no_split_are_refused()
    {
        Touch("train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "train/dog/2.png", "extra/1.png");
        string expected = $"'{_folder.Path}' has extra/ beside train/, whose folders look like classes: move extra/ elsewhere, or give "
            + $"'{Path.Join(_folder.Path, "train")}' alone.";
        Refusal(() => DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = 0.5 })).Should().Be(expected);
        Refusal(() => DatasetSplits.OpenAll(_folder.Path)).Should().Be(expected);
    }

    [Fact]
    public void Evaluation_images_without_training_images_are_refused()
    {
        Touch("val/a/1.png", "test/a/1.png");
        Refusal(() => DatasetSplits.Open(_folder.Path)).Should().Be(
            $"'{_folder.Path}' has test/ and val/, but no train/: put the class folders to learn from into "
            + $"{Path.Join(_folder.Path, "train")}.");
    }

    [Fact]
    public void Two_folders_of_one_split_are_refused()
    {
        Touch("train/a/1.png", "val/a/1.png", "valid/a/1.png");
        Refusal(() => DatasetSplits.Open(_folder.Path)).Should().Be(
            $"'{_folder.Path}' has both val/ and valid/, so it is not clear which of them is meant: rename one of them, or move it "
            + "elsewhere.");
    }

    [Fact]
    public void Training_images_beside_test_images_can_be_divided()
    {
        Touch([.. Enumerable.Range(0, 10).Select(i => $"train/a/{i}.png"), "test/a/x.png"]);
        var splits = DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = 0.2, Seed = 1 });
        (splits.Train.Count, splits.Evaluation.Count, splits.EvaluatesOnTest).Should().Be((8, 2, false));
        Names(splits.Test!).Should().Equal("test/a/x.png");
    }

    [Fact]
    public void Test_images_without_classes_are_left_out_and_named()
    {
        Touch("train/a/1.png", "train/a/2.png", "test/1.png");
        Refusal(() => DatasetSplits.Open(_folder.Path)).Should().StartWith(
            $"The folder '{_folder.Path}' has no val/, and its test/ has no class folders: it needs ");
        var divided = DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = 0.5 });
        (divided.Test, divided.UnlabelledTest).Should().Be((null, Path.Join(_folder.Path, "test")));
        Touch("val/a/1.png");
        DatasetSplits.Open(_folder.Path).UnlabelledTest.Should().Be(Path.Join(_folder.Path, "test"));
        DatasetSplits.OpenAll(_folder.Path).Select(part => part.Split).Should().Equal(DatasetSplit.Train, DatasetSplit.Validation);
    }

    [Fact]
    public void A_class_may_be_only_in_train_if_it_is_named()
    {
        Touch("train/a/1.png", "train/b/1.png", "train/c/1.png", "val/a/1.png", "val/c/1.png", "val/b/readme.txt");
        FluentActions.Invoking(() => DatasetSplits.Open(_folder.Path)).Should().Throw<DatasetException>()
            .WithMessage("*there are no images for 'b'*");
        var splits = DatasetSplits.Open(_folder.Path, new SplitOptions { OnlyInTrain = ["b"] });
        splits.Evaluation.Classes.Should().Equal("a", "b", "c");
        splits.Evaluation.Samples.Select(sample => sample.Label).Should().Equal(0, 2);
        splits.OnlyInTrain.Should().Equal("b");

        Directory.Delete(_folder.File("val/b"), recursive: true);
        FluentActions.Invoking(() => DatasetSplits.Open(_folder.Path)).Should().Throw<DatasetException>()
            .Which.Problem.Should().Be(DatasetProblem.ClassOnlyInTrain);
        splits = DatasetSplits.Open(_folder.Path, new SplitOptions { OnlyInTrain = ["b"] });
        splits.Evaluation.Samples.Select(sample => sample.Label).Should().Equal(0, 2);
        splits.Evaluation.CountPerClass.Should().Equal(1, 0, 1);

        Touch("val/d/1.png");
        Refusal(() => DatasetSplits.Open(_folder.Path, new SplitOptions { OnlyInTrain = ["b", "d"] })).Should()
            .EndWith("but 'd' is only in the second.");
    }

    [Fact]
    public void One_split_can_be_opened_alone()
    {
        Touch("test/a/1.png", "test/b/1.png");
        Names(DatasetSplits.OpenOne(_folder.Path, null)).Should().Equal("test/a/1.png", "test/b/1.png");
        Refusal(() => DatasetSplits.OpenOne(_folder.Path, DatasetSplit.Validation)).Should().Be(
            $"The folder '{_folder.Path}' has no val/: it needs that, with one folder a class.");
        Touch("valid/a/2.png");
        Names(DatasetSplits.OpenOne(_folder.Path, null)).Should().Equal("valid/a/2.png");
        Names(DatasetSplits.OpenOne(Path.Join(_folder.Path, "test"), DatasetSplit.Test)).Should().HaveCount(2);
    }

    [Theory]
    [InlineData("cat\nx", @"'cat\u000Ax'")]
    [InlineData("cat\r", @"'cat\u000D'")]
    [InlineData("a\u0085b", @"'a\u0085b'")]
    [InlineData("a\u2028b", @"'a\u2028b'")]
    [InlineData("\u001b[31m", @"'\u001B[31m'")]
    public void A_class_name_with_a_control_character_is_refused_and_shown(string name, string shown)
    {
        if (OperatingSystem.IsWindows()) return;
        Touch($"{name}/1.png", "dog/1.png");
        Refusal(() => new ImageFolder(_folder.Path)).Should().Be(
            $"The class folder {shown} in '{_folder.Path}' has a control character in its name: rename the folder.");
    }

    [Theory]
    [InlineData("Cat", "cat", "'Cat' and 'cat' in '*' differ only in capitals: put their images into one of them, or rename one.")]
    [InlineData("caf\u00e9", "cafe\u0301", @"'cafe\u0301' and 'café' in '*' differ only in the Unicode characters that they are *")]
    [InlineData("CAF\u00c9", "cafe\u0301", @"'CAFÉ' and 'cafe\u0301' in '*' differ only in capitals*")]
    [InlineData("\u212b", "\u00c5", @"'Å' and '\u212B' in '*' differ only in the Unicode characters*")]
    public void Class_names_that_could_be_taken_for_each_other_are_refused(string one, string other, string expected)
    {
        if (!OperatingSystem.IsLinux()) return;
        Touch($"{one}/1.png", $"{other}/1.png");
        FluentActions.Invoking(() => new ImageFolder(_folder.Path)).Should().Throw<DatasetException>()
            .WithMessage($"The class folders {expected}");
    }

    [Fact]
    public void Splits_whose_class_names_differ_in_characters_alone_are_refused_with_these()
    {
        if (!OperatingSystem.IsLinux()) return;
        Touch("train/caf\u00e9/1.png", "val/cafe\u0301/1.png");
        Refusal(() => DatasetSplits.Open(_folder.Path)).Should().EndWith(
            @"need the same class folders, but 'café' in the first and 'cafe\u0301' in the second differ only in the Unicode characters "
            + "that they are written with.");
    }

    [Theory]
    [InlineData(@"caf\351/1.png")]
    [InlineData(@"cat/\351.png")]
    [InlineData(@"cat/sub\377/1.png")]
    public void Names_that_are_not_utf8_are_refused(string name)
    {
        if (!OperatingSystem.IsLinux()) return;
        Touch("dog/1.png");
        string path = $"{_folder.Path}/$(printf '{name}')";
        Shell($"mkdir -p \"$(dirname \"{path}\")\" && : > \"{path}\"");
        try
        {
            FluentActions.Invoking(() => new ImageFolder(_folder.Path)).Should().Throw<DatasetException>()
                .WithMessage("In '*' there is a name that is not UTF-8, shown here as '*\uFFFD*': rename it*");
        }
        finally
        {
            // .NET cannot name it.
            Shell($"rm -r \"{_folder.Path}\"/*");
        }
    }

    [Fact]
    public void Files_that_are_passed_over_are_counted_by_their_ending()
    {
        Touch("a/1.png", "a/2.GIF", "a/3.gif", "a/README", "a/deeper/4.heic", "b/5.jpg", "notes.txt");
        var images = new ImageFolder(_folder.Path);
        images.PassedOver.Should().Equal(new Dictionary<string, int> { [""] = 1, [".gif"] = 2, [".heic"] = 1 });
        images.Subset([0]).PassedOver.Should().HaveCount(3);
        Names(new ImageFolder(_folder.Path, [".gif", ".JPG"])).Should().Equal("a/2.GIF", "a/3.gif", "b/5.jpg");
    }

    [Theory]
    [InlineData("gif")]
    [InlineData(".")]
    [InlineData("")]
    public void An_ending_without_a_dot_is_refused(string ending) =>
        FluentActions.Invoking(() => new SplitOptions { Extensions = [".png", ending] }).Should().Throw<InvalidOptionException>()
            .WithMessage("SplitOptions.Extensions is *, but has to be endings of files with their dot, such as .jpg.");

    [Fact]
    public void Any_tree_of_files_gives_the_partition_of_its_paths_or_a_refusal()
    {
        string[] top = ["train", "Train", "training", "val", "VALID", "validation", "test", "Testing", "cat", "dog", "Cat", "misc"];
        string[] below = ["", "cat", "dog", "val", "train"];
        var file = Gen.Select(Gen.OneOf(top), Gen.OneOf(below), Gen.OneOf("1.jpg", "2.png", "x.txt"))
            .Select(parts => parts.Item2.Length == 0 ? $"{parts.Item1}/{parts.Item3}" : $"{parts.Item1}/{parts.Item2}/{parts.Item3}");
        // Trees that people mean to make: both classes in each split, and a stray file at times.
        string[] seconds = ["val", "VALID", "test", "validation"];
        var whole = Gen.Select(Gen.OneOf("train", "Train"), Gen.OneOf(seconds), Gen.OneOf("test", "Testing", "val"))
            .Select(parts => new[] { parts.Item1, parts.Item2, parts.Item3 })
            .Select(parts => parts.SelectMany(part => new[] { $"{part}/cat/1.jpg", $"{part}/dog/2.png" }));
        var meant = Gen.Select(whole, file.Array[0, 2]).Select(parts => (string[])[.. parts.Item1, .. parts.Item2]);
        int trees = 0, opened = 0;
        Gen.OneOf(file.Array[1, 12], meant).Sample(
            files =>
            {
                using var folder = new TemporaryFolder();
                foreach (string path in files) folder.Write(path, []);
                trees++;
                var reference = Partition(files);
                try
                {
                    var splits = DatasetSplits.Open(folder.Path);
                    opened++;
                    string Name(ImageSample sample) => Path.GetRelativePath(folder.Path, sample.Path);
                    var found = new[] { splits.Train, splits.Evaluation, splits.Test }.OfType<ImageFolder>().SelectMany((images, part) =>
                        images.Samples.Select(sample => (Name(sample), images.Classes[sample.Label], part)));
                    found.Should().OnlyHaveUniqueItems();
                    found.ToHashSet().SetEquals(reference).Should()
                        .BeTrue("{0} gave {1}", string.Join(", ", files), string.Join(", ", found));
                }
                catch (DatasetException)
                {
                }
            },
            iter: 1000, threads: 1, seed: "0000000000001");
        opened.Should().BeGreaterThan(trees / 20, "a refusal of every tree would prove nothing");
    }

    // The images of train, of the folder that chooses the best epoch, and of the test folder; each with its class.
    private static IEnumerable<(string Path, string Class, int Part)> Partition(IEnumerable<string> files)
    {
        var images = files.Distinct().Where(file => !file.EndsWith(".txt", StringComparison.Ordinal))
            .Select(file => (Path: file, Parts: file.Split('/'))).Where(file => file.Parts.Length == 3).ToList();
        string Kind(string folder) => folder.ToLowerInvariant() switch
        {
            "train" or "training" => "train",
            "val" or "valid" or "validation" => "val",
            "test" or "testing" => "test",
            _ => "",
        };
        string[] order = images.Any(image => Kind(image.Parts[0]) == "val") ? ["train", "val", "test"] : ["train", "test"];
        return images.Where(image => order.Contains(Kind(image.Parts[0])))
            .Select(image => (image.Path, image.Parts[1], Array.IndexOf(order, Kind(image.Parts[0]))));
    }

    private static void Shell(string command)
    {
        using var shell = Process.Start("sh", ["-c", command]);
        shell.WaitForExit();
        shell.ExitCode.Should().Be(0);
    }

    private void Touch(params string[] files)
    {
        foreach (string file in files) _folder.Write(file, []);
    }

    private IEnumerable<string> Names(ImageFolder images) =>
        images.Samples.Select(sample => Path.GetRelativePath(_folder.Path, sample.Path).Replace('\\', '/'));

    private static string Refusal(Func<object> open) => open.Should().Throw<DatasetException>().Which.Message;
}
