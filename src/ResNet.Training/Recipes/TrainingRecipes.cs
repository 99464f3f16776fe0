using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.TrainingLoop;

namespace ResNet.Training.Recipes;

/// <summary>The named recipes: recipes of published accuracies, and some for a quick start.</summary>
public static class TrainingRecipes
{
    private const string Residual =
        "He, Zhang, Ren and Sun: Deep Residual Learning for Image Recognition, 2015, https://arxiv.org/abs/1512.03385";

    /// <summary>All recipes.</summary>
    public static IReadOnlyList<Recipe> All { get; } =
    [
        new()
        {
            Name = "paper-imagenet",
            Description =
                "The paper's recipe for ImageNet: the shorter side is 256 to 480 pixels, of which 224 × 224 are cut out. "
                + "It divides the learning rate "
                + "when the error no longer falls and does not say when that was: here it is each quarter of the run. "
                + "In place of its colour augmentation "
                + "(of principal components) and the mean of each pixel there are the means and deviations of the channels, "
                + "and one crop is evaluated where it has ten.",
            Source = $"{Residual}, section 3.4",
            Training = new()
            {
                Steps = 600_000,
                Optimizer = PlainSgd(0.1, 1e-4),
                Schedule = new StepSchedule { Milestones = [0.25, 0.5, 0.75] },
                LabelSmoothing = 0,
            },
            BatchSize = 256,
            ImageSize = 224,
            ResizeTo = 256,
            Augmentation = (size, normalize) => new(
                new RandomResize(size * 8 / 7, (size * 15 / 7) + 1), new RandomCrop(size), new RandomHorizontalFlip(), normalize),
        },
        new()
        {
            Name = "paper-cifar10",
            Description =
                "The paper's recipe for CIFAR-10: 64,000 steps, a tenth of the learning rate after 32,000 and 48,000. "
                + "In place of the mean of each pixel "
                + "there are the means and deviations of the channels; 110 layers need a warm-up, "
                + "for which the paper has the learning rate 0.01 in the first 400 steps or so.",
            Source = $"{Residual}, section 4.2",
            Training = new()
            {
                Steps = 64_000,
                Optimizer = PlainSgd(0.1, 1e-4),
                Schedule = new StepSchedule { Milestones = [0.5, 0.75] },
                LabelSmoothing = 0,
            },
            BatchSize = 128,
            ImageSize = 32,
            ResizeTo = 32,
            Normalize = Normalize.Cifar10,
            Augmentation = Presets.SmallImageTraining,
        },
        new()
        {
            Name = "torchvision-v1",
            Description = "What torchvision's weights IMAGENET1K_V1 of ResNet were trained with, on 8 devices with 32 images each.",
            Source =
                "torchvision, https://github.com/pytorch/vision/tree/main/references/classification#resnet "
                + "and the defaults of its train.py",
            Training = new()
            {
                Epochs = 90,
                Optimizer = PlainSgd(0.1, 1e-4),
                Schedule = new StepSchedule { Milestones = [30 / 90.0, 60 / 90.0] },
                LabelSmoothing = 0,
            },
            BatchSize = 8 * 32,
            ImageSize = 224,
            ResizeTo = 256,
            Augmentation = (size, normalize) => Presets.Training(size, normalize),
        },
        new()
        {
            Name = "torchvision-v2",
            Description =
                "What torchvision's weights IMAGENET1K_V2 of ResNet-50 were trained with, on 8 devices with 128 images each: "
                + "evaluate the average. "
                + "There an epoch has a quarter of the images, each augmented four times (--ra-sampler --ra-reps 4), "
                + "here each image once; there the learning rate "
                + "changes from epoch to epoch, here from step to step; "
                + "there the classifier's bias decays, here it does not, as norms do not.",
            Source =
                "torchvision, https://pytorch.org/blog/how-to-train-state-of-the-art-models-using-torchvision-latest-primitives "
                + "and https://github.com/pytorch/vision/issues/3995",
            Training = new()
            {
                Epochs = 600,
                Optimizer = PlainSgd(0.5, 2e-5) with { DecayNormsAndBiases = false },
                Schedule = new CosineSchedule { Warmup = 5 / 600.0, WarmupStart = 0.01 },
                LabelSmoothing = 0.1,
                Mixing = new RandomChoice(new Mixup(p: 1, alpha: 0.2), new CutMix(p: 1, alpha: 1)),
                Average = new() { Decay = 0.99998, EverySteps = 32 },
            },
            BatchSize = 8 * 128,
            ImageSize = 176,
            EvaluationSize = 224,
            ResizeTo = 232,
            Augmentation = (size, normalize) => Presets.Training(
                size, normalize, new TrivialAugmentWide { Interpolation = ImageInterpolation.Bilinear }, randomErasing: 0.1),
        },
        Imagenette(
            epochs: 5, learningRate: 0.05, new ProgressiveSize { From = 0.7, Until = 0.8 },
            "A small ResNet on Imagenette from nothing in 5 epochs, on images that grow from 112 to 160 pixels."),
        Imagenette(
            epochs: 20, learningRate: 0.1, new ProgressiveSize { From = 0.6, Until = 0.6 },
            "A small ResNet on Imagenette from nothing in 20 epochs, on images that grow from 96 to 160 pixels."),
        new()
        {
            Name = "fine-tune",
            Description =
                "Published weights, made to tell other classes apart in 10 epochs: a low learning rate, little weight decay. "
                + "Normalise as the weights were trained.",
            Source =
                "Ours, within what Kornblith, Shlens and Le 2019, https://arxiv.org/abs/1805.08974, appendix A.5, search for the best: "
                + "Nesterov momentum 0.9 and a cosine.",
            Training = new()
            {
                Epochs = 10,
                Optimizer = new Sgd { LearningRate = 0.01, WeightDecay = 1e-4 },
                Schedule = new CosineSchedule { Warmup = 0.1 },
                LabelSmoothing = 0.1,
            },
            BatchSize = 64,
            ImageSize = 224,
            ResizeTo = 256,
            Augmentation = (size, normalize) => Presets.Training(size, normalize),
        },
    ];

    /// <summary>Finds a recipe by its name.</summary>
    /// <param name="name">The name of one of <see cref="All"/>, in upper or lower case.</param>
    /// <exception cref="InvalidOptionException">There is no such recipe; the message names all recipes.</exception>
    public static Recipe Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(row => row.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new InvalidOptionException(
                nameof(TrainingRecipes), nameof(name), name, $"one of {string.Join(", ", All.Select(row => row.Name))}");
    }

    private static Sgd PlainSgd(double learningRate, double weightDecay) =>
        new() { LearningRate = learningRate, WeightDecay = weightDecay, Nesterov = false };

    private static Recipe Imagenette(int epochs, double learningRate, ProgressiveSize sizes, string description) => new()
    {
        Name = $"imagenette-{epochs}",
        Description = description,
        Source =
            "Ours; the crops' least area, the batch and the label smoothing as on fastai's leaderboard, "
            + "https://github.com/fastai/imagenette.",
        Training = new()
        {
            Epochs = epochs,
            Optimizer = new Sgd { LearningRate = learningRate, WeightDecay = 5e-4, DecayNormsAndBiases = false },
            Schedule = new OneCycleSchedule { Warmup = 0.25 },
            LabelSmoothing = 0.1,
            ProgressiveSize = sizes,
        },
        BatchSize = 64,
        ImageSize = 160,
        ResizeTo = 182,
        Augmentation = (size, normalize) => new(
            new RandomResizedCrop(size) { Scale = (0.35, 1) }, new RandomHorizontalFlip(), normalize),
    };
}
