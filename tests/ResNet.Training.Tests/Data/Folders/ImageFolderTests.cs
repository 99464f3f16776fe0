using System.Runtime.Versioning;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;

namespace ResNet.Training.Tests.Data.Folders;

public sealed class ImageFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Classes_are_the_folders_sorted_character_by_character()
    {
        Touch("a/1.png", "B/1.png", "10/1.png", "9/1.png", ".hidden/1.png", "readme.txt", "loose.jpg");
        var images = new ImageFolder(folder.Path);
        images.Classes.Should().Equal(".hidden", "10", "9", "B", "a");
        images.Root.Should().Be(folder.Path);
        images.Count.Should().Be(5);
        images.Samples.Select(sample => sample.Label).Should().Equal(0, 1, 2, 3, 4);
    }

    [Fact]
    public void Names_are_sorted_by_code_points_as_Python_does()
    {
        Touch(
            "\uFF21/\U0001F600.png", "\uFF21/\uFF21.png", "\uFF21/e\u0301.png", "\uFF21/\u00E9.png", "\uFF21/e.png",
            "\U0001F600/1.png", "\U0001F601/1.png");
        // Python: sorted([...])
        Relative(new ImageFolder(folder.Path)).Should().Equal(
            "\uFF21/e.png", "\uFF21/e\u0301.png", "\uFF21/\u00E9.png", "\uFF21/\uFF21.png", "\uFF21/\U0001F600.png",
            "\U0001F600/1.png", "\U0001F601/1.png");
    }

    [Fact]
    public void Images_are_found_at_any_depth_in_the_order_of_torchvision()
    {
        Touch("dog/z.png", "dog/a/2.png", "dog/a/10.png", "dog/a-b/1.png", "dog/a/b/1.png", "dog/A/1.png", "cat/1.png");
        var images = new ImageFolder(folder.Path);

        // [path for path, _ in torchvision.datasets.ImageFolder(root).samples]
        Relative(images).Should().Equal(
            "cat/1.png", "dog/z.png", "dog/A/1.png", "dog/a/10.png", "dog/a/2.png", "dog/a-b/1.png", "dog/a/b/1.png");
        images.CountPerClass.Should().Equal(1, 6);
    }

    [Fact]
    public void Extensions_count_in_any_case_and_other_files_are_passed_over()
    {
        Touch("x/a.jpg", "x/b.JPEG", "x/c.Png", "x/d.ppm", "x/e.bmp", "x/f.pgm", "x/g.tif", "x/h.TIFF", "x/i.webp",
            "x/j.txt", "x/k.gif", "x/l", "x/m.png.txt", "x/.png");
        Directory.CreateDirectory(folder.File("x/folder.png/."));
        Relative(new ImageFolder(folder.Path)).Should().Equal(
            "x/.png", "x/a.jpg", "x/b.JPEG", "x/c.Png", "x/d.ppm", "x/e.bmp", "x/f.pgm", "x/g.tif", "x/h.TIFF", "x/i.webp");
    }

    [UnixFact]
    public void Links_to_folders_are_followed_but_not_in_circles()
    {
        Touch("x/1.png", "x/deep/2.png");
        using var elsewhere = new TemporaryFolder();
        elsewhere.Write("3.png", []);
        Directory.CreateSymbolicLink(folder.File("x/linked"), elsewhere.Path);
        Directory.CreateSymbolicLink(folder.File("x/deep/circle"), Path.Join(folder.Path, "x"));
        Directory.CreateSymbolicLink(folder.File("y"), elsewhere.Path);
        Relative(new ImageFolder(folder.Path)).Should().Equal("x/1.png", "x/deep/2.png", "x/linked/3.png", "y/3.png");
    }

    [UnixTheory]
    [InlineData("../..", "")]
    [InlineData("../../", "/")]
    [InlineData("../../..", "")]
    public void A_link_back_to_the_root_or_above_is_not_followed(string target, string end)
    {
        Touch("root/a/1.png", "root/b/2.png", "other/3.png");
        Directory.CreateDirectory(folder.File("root/a/deep/."));
        Directory.CreateSymbolicLink(folder.File("root/a/deep/loop"), Path.Join("..", target));
        Directory.CreateSymbolicLink(folder.File("root/a/loop"), target[3..]);
        Directory.CreateSymbolicLink(folder.File("linked"), folder.File("root"));
        foreach (var root in new[] { "root", "linked" })
            Relative(new ImageFolder(folder.File(root) + end)).Should().Equal($"{root}/a/1.png", $"{root}/b/2.png");
    }

    [Fact]
    public void A_missing_folder_is_refused_by_name()
    {
        var missing = Path.Join(folder.Path, "missing");
        Refusal(missing).Should().Be($"There is no folder '{missing}': give the folder that holds one folder of images a class.");
        Refusal(folder.Write("file", [])).Should().EndWith("is a file: give the folder that holds one folder of images a class.");
    }

    [UnprivilegedFact]
    [UnsupportedOSPlatform("windows")]
    public void A_folder_that_may_not_be_listed_is_refused_by_name()
    {
        Touch("data/train/a/1.png");
        var root = folder.File("data");
        File.SetUnixFileMode(root, UnixFileMode.UserExecute);
        try
        {
            var divided = new SplitOptions { EvaluationFraction = 0.5 };
            Func<object>[] open =
                [() => new ImageFolder(root), () => DatasetSplits.OpenAll(root), () => DatasetSplits.Open(root, divided)];
            foreach (var each in open)
                each.Should().Throw<DatasetException>()
                    .WithMessage($"The folder '{root}' cannot be listed: *").WithInnerException<UnauthorizedAccessException>();
        }
        finally
        {
            File.SetUnixFileMode(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_folder_without_class_folders_is_refused()
    {
        Refusal(folder.Path).Should().Be($"The folder '{folder.Path}' has no class folders: it needs one folder of images a class.");
        Touch("1.png");
        Refusal(folder.Path).Should().Be(
            $"The images lie directly in '{folder.Path}': put each into a folder below it that is named after its class.");
    }

    [Fact]
    public void Classes_without_images_are_refused_by_name()
    {
        Touch("a/1.png", "b/1.txt");
        Refusal(folder.Path).Should().StartWith(
            $"In '{folder.Path}' there are no images for 'b': each class folder needs at least one file that ends in .jpg, .jpeg, ");
        Touch("c/x", "d/x", "e/x", "f/x");
        Refusal(folder.Path).Should().Contain("for 'b', 'c', 'd' and 2 more:");
    }

    [Fact]
    public void Splits_are_train_and_val_or_test()
    {
        Touch("train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png");
        var (train, evaluation) = DatasetSplits.Open(folder.Path);
        train.Root.Should().Be(Path.Join(folder.Path, "train"));
        evaluation.Root.Should().Be(Path.Join(folder.Path, "test"));

        Touch("val/a/3.png", "val/b/3.png");
        DatasetSplits.Open(folder.Path).Evaluation.Root.Should().Be(Path.Join(folder.Path, "val"));
    }

    [Fact]
    public void Splits_with_different_classes_are_refused_with_the_first_differences()
    {
        Touch("train/a/1.png", "train/b/1.png", "train/d/1.png", "val/a/1.png", "val/c/1.png", "val/d/1.png");
        SplitRefusal().Should().EndWith("need the same class folders, but 'b' is only in the first and 'c' only in the second.");
        Touch("train/c/1.png");
        SplitRefusal().Should().EndWith("need the same class folders, but 'b' is only in the first.");
    }

    [Fact]
    public void Missing_splits_are_refused_by_name()
    {
        SplitRefusal().Should().Be(
            $"The folder '{folder.Path}' has no train/: it needs train/ and val/ (or test/), each with one folder a class, "
            + "or a fraction of its images has to be set aside to evaluate on.");
        Touch("train/a/1.png");
        SplitRefusal().Should().StartWith($"The folder '{folder.Path}' has no val/ or test/: ");
        FluentActions.Invoking(() => DatasetSplits.Open(folder.Path)).Should().Throw<DatasetException>()
            .Which.Problem.Should().Be(DatasetProblem.NothingToEvaluateOn);
        var open = () => DatasetSplits.Open(Path.Join(folder.Path, "missing"));
        open.Should().Throw<DatasetException>().WithMessage(
            "There is no folder '*missing': give a folder that holds train/ and val/ (or test/), each with one folder a class.");
    }

    private void Touch(params string[] files)
    {
        foreach (var file in files)
            folder.Write(file, []);
    }

    private IEnumerable<string> Relative(ImageFolder images) =>
        images.Samples.Select(sample => Path.GetRelativePath(folder.Path, sample.Path).Replace('\\', '/'));

    private static string Refusal(string root)
    {
        var open = () => new ImageFolder(root);
        return open.Should().Throw<DatasetException>().Which.Message;
    }

    private string SplitRefusal()
    {
        var open = () => DatasetSplits.Open(folder.Path);
        return open.Should().Throw<DatasetException>().Which.Message;
    }

    private sealed class UnprivilegedFactAttribute : FactAttribute
    {
        public UnprivilegedFactAttribute() =>
            Skip = OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess
                ? "Windows has other permissions, and an administrator may list every folder."
                : null;
    }

    private sealed class UnixTheoryAttribute : TheoryAttribute
    {
        public UnixTheoryAttribute() => Skip = OperatingSystem.IsWindows() ? "Windows lets few users make links." : null;
    }

    private sealed class UnixFactAttribute : FactAttribute
    {
        public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "Windows lets few users make links." : null;
    }
}
