using ResNet.Imaging;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data.Folders;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Recipes;

namespace ResNet.Training.Tests.Recipes;

public sealed class TrainingRecipesTests
{
    public static TheoryData<string> Names => [.. TrainingRecipes.All.Select(recipe => recipe.Name)];

    [Fact]
    public void ImageNet_is_trained_as_in_the_paper()
    {
        var recipe = TrainingRecipes.Find("paper-imagenet");
        // Section 3.4.
        recipe.Training.Steps.Should().Be(600_000);
        recipe.BatchSize.Should().Be(256);
        recipe.Training.Optimizer.Should().Be(new Sgd { LearningRate = 0.1, Momentum = 0.9, WeightDecay = 0.0001, Nesterov = false });
        recipe.Training.LabelSmoothing.Should().Be(0);
        recipe.TrainingTransforms()
            .Should().Equal(new RandomResize(256, 481), new RandomCrop(224), new RandomHorizontalFlip(), Normalize.ImageNet);
        Rates(recipe, 0, 150_000, 300_000, 599_999).Should().SatisfyRespectively(
            rate => rate.Should().BeApproximately(0.1, 1e-12), rate => rate.Should().BeApproximately(0.01, 1e-12),
            rate => rate.Should().BeApproximately(0.001, 1e-12), rate => rate.Should().BeApproximately(0.0001, 1e-12));
    }

    [Fact]
    public void Cifar10_is_trained_as_in_the_paper()
    {
        var recipe = TrainingRecipes.Find("paper-cifar10");
        // Section 4.2.
        recipe.Training.Steps.Should().Be(64_000);
        recipe.BatchSize.Should().Be(128);
        recipe.Training.Optimizer.Should().Be(new Sgd { LearningRate = 0.1, Momentum = 0.9, WeightDecay = 0.0001, Nesterov = false });
        recipe.Training.LabelSmoothing.Should().Be(0);
        recipe.TrainingTransforms().Should().Equal(new RandomCrop(32, padding: 4), new RandomHorizontalFlip(), Normalize.Cifar10);
        double[] expected = [0.1, 0.1, 0.01, 0.01, 0.001, 0.001];
        Rates(recipe, 0, 31_999, 32_000, 47_999, 48_000, 63_999).Zip(expected)
            .Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) < 1e-12);
    }

    [Fact]
    public void ImageNet_is_trained_as_torchvisions_first_weights_were()
    {
        var recipe = TrainingRecipes.Find("torchvision-v1");
        // The defaults of references/classification/train.py, on 8 devices.
        (recipe.Training.Epochs, recipe.Training.Steps).Should().Be((90, null));
        recipe.BatchSize.Should().Be(8 * 32);
        recipe.Training.Optimizer.Should().Be(new Sgd { LearningRate = 0.1, Momentum = 0.9, WeightDecay = 1e-4, Nesterov = false });
        recipe.Training.LabelSmoothing.Should().Be(0);
        (recipe.ImageSize, recipe.EvaluationSize ?? recipe.ImageSize, recipe.ResizeTo).Should().Be((224, 224, 256));
        recipe.TrainingTransforms().Should().Equal(Presets.Training());
        // --lr-step-size 30 --lr-gamma 0.1; the first steps of epochs, of which each has 5,004.
        double[] expected = [0.1, 0.1, 0.01, 0.01, 0.001, 0.001];
        var factors = new[] { 0, 29, 30, 59, 60, 89 }.Select(epoch => 0.1 * recipe.Training.Schedule.Factor(epoch * 5004L, 90 * 5004L));
        factors.Zip(expected).Should().OnlyContain(pair => Math.Abs(pair.First - pair.Second) < 1e-12);
    }

    [Fact]
    public void ImageNet_is_trained_as_torchvisions_second_weights_were()
    {
        var recipe = TrainingRecipes.Find("torchvision-v2");
        // --lr 0.5 --lr-scheduler cosineannealinglr --lr-warmup-epochs 5 --lr-warmup-method linear --auto-augment ta_wide --epochs 600
        // --random-erase 0.1 --weight-decay 0.00002 --norm-weight-decay 0.0 --label-smoothing 0.1 --mixup-alpha 0.2 --cutmix-alpha 1.0
        // --train-crop-size 176 --model-ema --val-resize-size 232, on 8 devices with --batch-size 128.
        recipe.Training.Epochs.Should().Be(600);
        recipe.BatchSize.Should().Be(1024);
        recipe.Training.Optimizer.Should().Be(
            new Sgd { LearningRate = 0.5, Momentum = 0.9, WeightDecay = 0.00002, Nesterov = false, DecayNormsAndBiases = false });
        recipe.Training.LabelSmoothing.Should().Be(0.1);
        recipe.Training.Mixing.Should().Be(new RandomChoice(new Mixup(1, 0.2), new CutMix(1, 1)));
        recipe.Training.Average.Should().Be(new AverageOptions { Decay = 0.99998, EverySteps = 32 });
        (recipe.ImageSize, recipe.EvaluationSize, recipe.ResizeTo).Should().Be((176, 224, 232));
        recipe.TrainingTransforms().OfType<TrivialAugmentWide>().Should().ContainSingle()
            .Which.Interpolation.Should().Be(Imaging.ImageInterpolation.Bilinear);
        recipe.TrainingTransforms().OfType<RandomErasing>().Should().ContainSingle().Which.P.Should().Be(0.1);
        // --lr-warmup-decay 0.01.
        Rates(recipe, 0).Should().ContainSingle().Which.Should().BeApproximately(0.005, 1e-12);
        recipe.Training.Schedule.Factor(5, 600).Should().BeApproximately(1, 1e-12);
        // Halfway from the peak to the end.
        recipe.Training.Schedule.Factor(5 + 297, 600).Should().BeApproximately(0.5, 0.01);
    }

    [Theory]
    [InlineData("imagenette-5", 5, 112)]
    [InlineData("imagenette-20", 20, 96)]
    public void Images_of_Imagenette_grow(string name, int epochs, int first)
    {
        var recipe = TrainingRecipes.Find(name);
        recipe.Training.Epochs.Should().Be(epochs);
        var sizes = Enumerable.Range(0, epochs)
            .Select(epoch => recipe.Training.ProgressiveSize!.Side(recipe.ImageSize, epoch, epochs))
            .ToList();
        sizes.Should().BeInAscendingOrder();
        (sizes[0], sizes[^1]).Should().Be((first, 160));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Transforms_give_images_of_the_recipes_size(string name)
    {
        var recipe = TrainingRecipes.Find(name);
        using var folder = new TemporaryFolder();
        using var image = Picture(folder.Path, 500, 375);
        int evaluated = recipe.EvaluationSize ?? recipe.ImageSize;
        recipe.TrainingTransforms().Size.Should().Be((ImageSize)recipe.ImageSize);
        recipe.EvaluationTransforms().Size.Should().Be((ImageSize)evaluated);
        var (trained, seen) = (new byte[recipe.ImageSize * recipe.ImageSize * 3], new byte[evaluated * evaluated * 3]);
        recipe.TrainingTransforms().Apply(image, trained, seed: 1);
        recipe.EvaluationTransforms().Apply(image, seen);
        seen.Distinct().Should().HaveCountGreaterThan(50);
        trained.Distinct().Should().HaveCountGreaterThan(1);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Loaders_can_be_made(string name)
    {
        var recipe = TrainingRecipes.Find(name);
        using var folder = new TemporaryFolder();
        Picture(Directory.CreateDirectory(Path.Combine(folder.Path, "a")).FullName, 300, 260).Dispose();
        var loader = new ImageLoader(
            new ImageFolder(folder.Path).Samples, recipe.TrainingTransforms(), new ImageLoaderOptions { BatchSize = 1, Shuffle = true });
        foreach (var batch in loader.Epoch(0)) batch.Images.shape.Should().Equal(1, recipe.ImageSize, recipe.ImageSize, 3);
    }

    [Fact]
    public void A_recipe_stretches_to_other_epochs_and_sizes()
    {
        var recipe = TrainingRecipes.Find("paper-cifar10").WithEpochs(10).WithImageSize(64);
        (recipe.Training.Epochs, recipe.Training.Steps).Should().Be((10, null));
        recipe.TrainingTransforms()[0].Should().Be(new RandomCrop(64, padding: 8));
        var larger = TrainingRecipes.Find("torchvision-v2").WithImageSize(352);
        (larger.ImageSize, larger.EvaluationSize, larger.ResizeTo).Should().Be((352, 448, 464));
        TrainingRecipes.Find("torchvision-v2").EvaluationTransforms(352).Should().Equal(larger.EvaluationTransforms());
        larger.TrainingTransforms(normalize: Normalize.Cifar10).Normalize.Should().Be(Normalize.Cifar10);
    }

    [Fact]
    public void Names_are_found_in_any_case_and_others_are_refused_with_the_names_there_are()
    {
        TrainingRecipes.Find("FINE-TUNE").Name.Should().Be("fine-tune");
        TrainingRecipes.All.Select(recipe => recipe.Name).Should().OnlyHaveUniqueItems();
        FluentActions.Invoking(() => TrainingRecipes.Find("imagenet"))
            .Should().Throw<InvalidOptionException>()
            .WithMessage(
                "TrainingRecipes.name is 'imagenet', "
                + $"but has to be one of {string.Join(", ", TrainingRecipes.All.Select(recipe => recipe.Name))}.");
    }

    [Fact]
    public void Bad_values_are_refused()
    {
        var recipe = TrainingRecipes.Find("fine-tune");
        FluentActions.Invoking(() => recipe with { BatchSize = 0 }).Should().Throw<ArgumentException>()
            .WithMessage("Recipe.BatchSize is 0, but has to be at least 1.");
        FluentActions.Invoking(() => recipe.WithImageSize(0)).Should().Throw<ArgumentException>()
            .WithMessage("Recipe.ImageSize is 0, but has to be at least 1.");
        FluentActions.Invoking(() => recipe with { EvaluationSize = -1 }).Should().Throw<ArgumentException>()
            .WithMessage("Recipe.EvaluationSize is -1,*");
        FluentActions.Invoking(() => recipe with { ResizeTo = 0 }).Should().Throw<ArgumentException>()
            .WithMessage("Recipe.ResizeTo is 0,*");
    }

    private static IEnumerable<double> Rates(Recipe recipe, params long[] steps) => steps.Select(
        step => recipe.Training.Optimizer.LearningRate * recipe.Training.Schedule.Factor(step, recipe.Training.Steps ?? 1000));

    private static DecodedImage Picture(string folder, int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)(((i / 3 % width) + (i / 3 / width) + (40 * (i % 3))) % 256);
        string path = Path.Combine(folder, "picture.png");
        File.WriteAllBytes(path, PngEncoder.Encode(pixels, width, height, channels: 3));
        return ImageDecoder.Open(path, channels: 3);
    }
}
