using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;

namespace ResNet.Training.Tests.Data.Folders;

public sealed class ImageFolderSplitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_split_has_each_class_in_proportion_and_each_image_once()
    {
        var images = Make(("a", 10), ("b", 100), ("c", 7));
        var (first, second) = images.Split(0.8, seed: 3);
        first.CountPerClass.Should().Equal(8, 80, 6);
        second.CountPerClass.Should().Equal(2, 20, 1);
        first.Samples.Concat(second.Samples).Should().BeEquivalentTo(images.Samples);
        (first.Root, second.Root).Should().Be((images.Root, images.Root));
        (first.Classes, second.Classes).Should().Be((images.Classes, images.Classes));
        foreach (var part in new[] { first, second })
            part.Samples.Should().Equal(images.Samples.Where(part.Samples.Contains), "both keep the folder's order");
    }

    [Theory]
    [InlineData(0.5, 1, 1, 2, 3)]
    [InlineData(0.25, 1, 1, 1, 1)]
    [InlineData(0.01, 1, 1, 1, 1)]
    [InlineData(0.99, 1, 1, 2, 4)]
    public void Halves_go_up_and_each_part_has_an_image_where_there_are_two(double fraction, int ofOne, int ofTwo, int ofThree, int ofFive)
    {
        var (first, _) = Make(("a", 1), ("b", 2), ("c", 3), ("d", 5)).Split(fraction);
        first.CountPerClass.Should().Equal(ofOne, ofTwo, ofThree, ofFive);
    }

    // A run can be repeated on another machine. A Python transcription of SplitMix64 and of the shuffle computed the values.
    [Fact]
    public void The_division_is_the_same_on_every_machine()
    {
        var (_, second) = Make(("a", 10), ("b", 10)).Split(0.7, seed: 42);
        Relative(second).Should().Equal("a/000.png", "a/003.png", "a/008.png", "b/003.png", "b/007.png", "b/008.png");
    }

    [Fact]
    public void Another_seed_gives_another_division_and_the_same_seed_the_same()
    {
        var images = Make(("a", 50), ("b", 50));
        images.Split(0.5, seed: 1).First.Samples.Should().Equal(images.Split(0.5, seed: 1).First.Samples);
        images.Split(0.5, seed: 1).First.Samples.Should().NotEqual(images.Split(0.5, seed: 2).First.Samples);
        // The classes are divided independently.
        var (first, _) = images.Split(0.5);
        Relative(first).Where(path => path[0] == 'a').Select(path => path[1..])
            .Should().NotEqual(Relative(first).Where(path => path[0] == 'b').Select(path => path[1..]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void A_fraction_that_leaves_nothing_is_refused(double fraction)
    {
        var images = Make(("a", 2));
        images.Invoking(it => it.Split(fraction)).Should().Throw<InvalidOptionException>()
            .WithMessage("ImageFolder.fraction is *, but has to be more than 0 and less than 1.");
        var open = () => DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = fraction });
        open.Should().Throw<InvalidOptionException>();
    }

    [Fact]
    public void Single_images_cannot_be_divided()
    {
        var images = Make(("a", 1), ("b", 1));
        images.Invoking(it => it.Split(0.5)).Should().Throw<DatasetException>()
            .WithMessage($"The images of '{_folder.Path}' cannot be divided: no class has two of them.");
    }

    [Fact]
    public void A_subset_has_the_chosen_images_in_the_chosen_order()
    {
        var images = Make(("a", 3), ("b", 2));
        var subset = images.Subset([4, 0, 0]);
        subset.Samples.Should().Equal(images.Samples[4], images.Samples[0], images.Samples[0]);
        subset.Count.Should().Be(3);
        subset.CountPerClass.Should().Equal(2, 1);
        images.Subset([]).CountPerClass.Should().Equal(0, 0);
        images.Invoking(it => it.Subset([5])).Should().Throw<ArgumentOutOfRangeException>()
            .WithMessage("An image's position has to be from 0 to 4.*");
        images.Invoking(it => it.Subset([-1])).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Some_of_each_class_are_taken()
    {
        var images = Make(("a", 30), ("b", 3));
        var few = images.TakePerClass(5, seed: 1);
        few.CountPerClass.Should().Equal(5, 3);
        few.Samples.Should().NotEqual(images.TakePerClass(5, seed: 2).Samples).And.Equal(images.TakePerClass(5, seed: 1).Samples);
        images.Invoking(it => it.TakePerClass(0)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void A_folder_without_images_to_evaluate_on_is_divided()
    {
        Make(("a", 10), ("b", 20));
        var (train, evaluation) = DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = 0.2, Seed = 5 });
        train.CountPerClass.Should().Equal(8, 16);
        evaluation.CountPerClass.Should().Equal(2, 4);
        var other = DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = 0.2, Seed = 6 });
        evaluation.Samples.Should().NotEqual(other.Evaluation.Samples);
    }

    [Fact]
    public void A_folder_with_train_alone_is_divided_and_one_with_val_is_refused()
    {
        Make(("train/a", 10), ("train/b", 10));
        var (train, evaluation) = DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = 0.3 });
        train.Classes.Should().Equal("a", "b");
        evaluation.CountPerClass.Should().Equal(3, 3);

        _folder.Write("val/a/1.png", []);
        var open = () => DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = 0.3 });
        open.Should().Throw<DatasetException>().WithMessage(
            $"'{_folder.Path}' has val/ beside its training images already: leave the fraction out to evaluate on that.");
    }

    [Fact]
    public void A_class_may_be_called_train()
    {
        Make(("car", 4), ("train", 4));
        DatasetSplits.Open(_folder.Path, new SplitOptions { EvaluationFraction = 0.5 }).Train.Classes.Should().Equal("car", "train");
        DatasetSplits.OpenAll(_folder.Path).Should().ContainSingle().Which.Images.Root.Should().Be(_folder.Path);
    }

    [Fact]
    public void All_there_is_can_be_opened()
    {
        Make(("train/a", 2), ("train/b", 1));
        DatasetSplits.OpenAll(_folder.Path).Select(one => Path.GetFileName(one.Images.Root)).Should().Equal("train");
        Make(("test/a", 1), ("val/c", 1));
        DatasetSplits.OpenAll(_folder.Path).Select(one => one.Split).Should()
            .Equal(DatasetSplit.Train, DatasetSplit.Validation, DatasetSplit.Test);
        DatasetSplits.OpenAll(_folder.Path).Select(one => Path.GetFileName(one.Images.Root)).Should().Equal("train", "val", "test");
        var open = () => DatasetSplits.OpenAll(Path.Join(_folder.Path, "missing"));
        open.Should().Throw<DatasetException>().WithMessage(
            "There is no folder '*missing': give a folder that holds train/ and val/ (or test/), each with one folder a class.");
    }

    [Fact]
    public void A_part_can_be_loaded()
    {
        var (_, second) = Make(("a", 4), ("b", 4)).Split(0.5);
        new ImageLoader(second.Samples, Presets.Evaluation(8), new ImageLoaderOptions { BatchSize = 3 }).Batches.Should().Be(2);
    }

    private ImageFolder Make(params (string Name, int Count)[] classes)
    {
        foreach (var (name, count) in classes)
        {
            for (var i = 0; i < count; i++) _folder.Write($"{name}/{i:D3}.png", []);
        }
        var top = classes[0].Name.Split('/') is [var split, _] ? split : "";
        return new ImageFolder(Path.Join(_folder.Path, top));
    }

    private IEnumerable<string> Relative(ImageFolder images) =>
        images.Samples.Select(sample => Path.GetRelativePath(_folder.Path, sample.Path).Replace('\\', '/'));
}
