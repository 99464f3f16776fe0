using System.CommandLine;
using ResNet.Cli.Output;
using ResNet.Core;
using ResNet.Core.Weights.Published;
using ResNet.Training;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Known;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.Recipes;
using ResNet.Training.Runs;
using ResNet.Training.TrainingLoop;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Cli.Options;

/// <summary>The options of <c>train</c> and <c>find-lr</c> for data, network and training.</summary>
/// <param name="training">The options for training that the command has.</param>
internal sealed class RunArguments(TrainerArguments training)
{
    private const int DefaultBatchSize = 128;
    private const string ImagenetteRecipe = "imagenette-5";

    // The data sets that the recipe was made for.
    private static readonly string[] s_imagenette = ["imagenette2-160", "imagenette2-320"];

    private readonly Option<string> _dataset = new("--dataset")
    {
        Description = DataSource.Description,
        HelpName = "NAME|FOLDER",
        DefaultValueFactory = _ => DataSource.FashionMnistName,
    };
    private readonly Option<double?> _validationSplit = new("--validation-split")
    {
        Description = "The share of each class's images to evaluate on, from a folder with no val/: 0.2 for a fifth. "
            + "The seed decides which.",
        HelpName = "PART",
        CustomParser = result => Number.Parse(result),
    };
    private readonly Option<string[]> _onlyInTrain = new("--only-in-train")
    {
        Description = "A class that may be without images in val/ and test/; can be given several times.",
        HelpName = "CLASS",
    };
    private readonly Option<IReadOnlyList<string>?> _extensions = LoadingOptions.Extensions();
    private readonly Option<string> _network = new("--network")
    {
        Description = "The network's name; 'networks' lists them.",
        HelpName = "NETWORK",
        DefaultValueFactory = _ => "resnet18",
    };
    private readonly Option<bool> _pretrained = new("--pretrained")
    {
        Arity = ArgumentArity.Zero,
        Description = "Starts from the network's published weights for ImageNet, with a new classifier; they are downloaded once.",
    };
    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = $"How to train, as a whole: {string.Join(", ", TrainingRecipes.All.Select(recipe => recipe.Name))}. "
            + $"Further options change one thing of it each. Default: {ImagenetteRecipe} for {string.Join(" and ", s_imagenette)}, "
            + "else none.",
        HelpName = "NAME",
    };
    private readonly Option<string?> _classWeights = ClassWeighting.CreateOption();
    private readonly Option<ImageSampler> _sampler = new("--sampler")
    {
        Description = "The images of an epoch: once takes each image once, balanced draws as many with replacement, each class as often.",
        HelpName = "once|balanced",
        DefaultValueFactory = _ => ImageSampler.Once,
    };
    private readonly Option<int?> _batchSize = new("--batch-size")
    {
        Description = $"Images of a batch. Default: {DefaultBatchSize}.",
        HelpName = "N",
    };
    private readonly Option<int?> _imageSize = new("--image-size")
    {
        Description = "Height and width of the network's input. Default: what the network was made for, 224 or 32, "
            + "or the median of the images' shorter sides if that is less.",
        HelpName = "PIXELS",
    };
    private readonly Option<int?> _channels = new("--channels")
    {
        Description = "3 for colour, 1 for grey. Default: 1 for fashion-mnist, else 3.",
        HelpName = "1|3",
    };
    private readonly Option<Augmentation?> _augmentation = new("--augmentation")
    {
        Description = "What is random about training images. Default: None for fashion-mnist, Flip for images smaller than 224, "
            + "else CropAndFlip.",
        HelpName = string.Join('|', Enum.GetNames<Augmentation>()),
    };
    private readonly Option<long> _seed = new("--seed")
    {
        Description = "Where the weights, the order and the augmentation come from.",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<OnUnreadableImage> _onUnreadable = LoadingOptions.OnUnreadable();
    private readonly Option<string> _device = Devices.Option();
    private readonly Option<int> _workers = LoadingOptions.Workers();

    internal Option<string> Dataset => _dataset;

    internal Option<string> Device => _device;

    internal Option<int> Workers => _workers;

    /// <summary>Adds the options to a command, with further ones of the command before and after them.</summary>
    internal void AddTo(Command command, IEnumerable<Option> first, IEnumerable<Option> last)
    {
        Option[] main = [_dataset, _validationSplit, _network, _pretrained, _recipe];
        Option[] others =
        [
            _onlyInTrain, _extensions, _classWeights, _sampler, _batchSize, _imageSize, _channels, _augmentation, _seed, _onUnreadable,
            _device, _workers,
        ];
        foreach (var option in (IEnumerable<Option>)[.. first, .. main, .. training.All, .. others, .. last]) command.Add(option);
        _network.CompletionSources.Add([.. ResNets.Names]);
        _recipe.CompletionSources.Add([.. TrainingRecipes.All.Select(recipe => recipe.Name)]);
        _dataset.CompletionSources.Add([.. KnownDataset.Catalogue.Select(row => row.Name)]);
    }

    /// <summary>Opens the data, and returns them with the settings of a new run.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <param name="check">Throws if the options of the training, or of its loader, do not fit something else; null for no check.</param>
    internal (DataSource Data, RunSettings Settings, Device Device) Read(
        ParseResult parsed, CancellationToken cancellationToken, Action<TrainerOptions, ImageLoaderOptions>? check = null)
    {
        // All errors of the command line are found before a dataset is unpacked.
        string name = parsed.GetValue(_network)!;
        var row = ResNets.Find(name);
        string? called = parsed.GetValue(_recipe) ?? (s_imagenette.Contains(parsed.GetValue(_dataset)) ? ImagenetteRecipe : null);
        var recipe = called is null ? null : TrainingRecipes.Find(called);
        var published = parsed.GetValue(_pretrained) ? PretrainedWeights.Find(name) : null;
        if (published is not null && parsed.GetValue(_channels) == 1)
            throw CommandLineException.About(
                _channels.Name, "is 1, but the published weights of --pretrained are for colour images: leave --channels out.");
        var device = Devices.Parse(parsed.GetValue(_device));
        var options = training.Apply(parsed, recipe?.Training);
        var loader = new ImageLoaderOptions
        {
            BatchSize = parsed.GetValue(_batchSize) ?? recipe?.BatchSize ?? DefaultBatchSize,
            Workers = parsed.GetValue(_workers),
        };
        var weighting = ClassWeighting.Read(parsed.GetValue(_classWeights));
        if (options.Precision == Precision.Half && device.type == DeviceType.CPU)
            throw CommandLineException.About("--precision", "is half, which needs a CUDA device: use bfloat16 or full on the CPU.");
        if (parsed.GetValue(_imageSize) is < 1 and var side)
            throw CommandLineException.About(_imageSize.Name, $"is {side}, but has to be at least 1.");
        if (parsed.GetValue(_channels) is { } count) _ = loader with { Channels = count };
        check?.Invoke(options, loader);

        long seed = parsed.GetValue(_seed);
        var extensions = parsed.GetValue(_extensions);
        var splits = new SplitOptions
        {
            EvaluationFraction = parsed.GetValue(_validationSplit),
            Seed = seed,
            OnlyInTrain = parsed.GetValue(_onlyInTrain) ?? [],
            Extensions = extensions ?? ImageFolder.Extensions,
        };
        var data = DataSource.Open(parsed.GetValue(_dataset)!, splits, cancellationToken).In(parsed.GetValue(_channels));
        if (published is not null) data = data.For(published.Preprocessing);
        int usual = Math.Min(row.ImageSize, recipe?.ImageSize ?? row.ImageSize);
        int inputSize = parsed.GetValue(_imageSize) ?? Math.Min(data.ImageSize, usual);
        string reason =
            parsed.GetValue(_imageSize) is not null ? "which --image-size asks for"
            : inputSize < usual ? $"the median of the images' shorter sides, which is less than the {usual} that {Maker()} is made for"
            : $"which {Maker()} is made for";
        string Maker() => recipe is not null && recipe.ImageSize < row.ImageSize ? $"the recipe {recipe.Name}" : row.Name;
        var scaled = recipe?.WithImageSize(inputSize);
        var settings = new RunSettings
        {
            Network = row.Name,
            Pretrained = published?.Name,
            Dataset = data.Name,
            ValidationSplit = parsed.GetValue(_validationSplit),
            OnlyInTrain = splits.OnlyInTrain.Count > 0 ? splits.OnlyInTrain : null,
            Extensions = extensions,
            Channels = data.Channels,
            ImageSize = scaled?.EvaluationSize ?? inputSize,
            TrainingSize = scaled?.EvaluationSize is null ? null : inputSize,
            ResizeTo = scaled?.ResizeTo ?? ResizeTo(inputSize, data),
            Mean = data.Normalize.Mean,
            Deviation = data.Normalize.Deviation,
            Recipe = recipe?.Name,
            Augmentation = parsed.GetValue(_augmentation) ?? (recipe is null ? data.Augmentation : null),
            BatchSize = loader.BatchSize,
            Sampler = parsed.GetValue(_sampler),
            Seed = seed,
            OnUnreadableImage = parsed.GetValue(_onUnreadable),
            Training = weighting is null ? options : options with { ClassWeights = weighting.Of(data.Train) },
        };
        RefuseOneClass(data);
        Console.WriteLine($"Image size {inputSize} × {inputSize}: {reason}");
        return (data, settings, device);
    }

    /// <summary>Makes the network of a run.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="data">Its data.</param>
    /// <param name="device">The device of the network.</param>
    /// <param name="hasCheckpoint">Whether a checkpoint gives it its weights.</param>
    /// <param name="cancellationToken">Stops the download of published weights.</param>
    internal static ResNetModel CreateNetwork(
        RunSettings settings, DataSource data, Device device, bool hasCheckpoint, CancellationToken cancellationToken)
    {
        manual_seed(settings.Seed);
        int classes = data.Train.Classes.Count;
        // A resumed run takes its weights from the checkpoint; the published weights may not be available then.
        return settings.Pretrained is null || hasCheckpoint
            ? ResNets.Create(settings.Network, classes, settings.Channels, device)
            : ConsoleProgress.Create(PretrainedWeights.Find(settings.Network), classes, device, cancellationToken);
    }

    /// <summary>Makes the loader of a run's training images.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="data">Its data.</param>
    /// <param name="workers">The number of threads.</param>
    internal static ImageLoader CreateLoader(RunSettings settings, DataSource data, int workers) => new(
        data.Train.Source,
        settings.TrainingTransforms,
        new ImageLoaderOptions
        {
            BatchSize = settings.BatchSize,
            Channels = settings.Channels,
            Seed = settings.Seed,
            OnUnreadableImage = settings.OnUnreadableImage,
            Workers = workers,
            Shuffle = true,
            Sampler = settings.Sampler,
        });

    private static void RefuseOneClass(DataSource data)
    {
        if (data.Train.Classes.Count < 2)
            throw new DatasetException(
                $"'{data.Train.Root}' has the class '{data.Train.Classes[0]}' alone: there is nothing to tell apart, "
                + "so add a folder of images for each further class.");
    }

    // Photographs are resized to 8/7 of the input before its centre is cut out (256 for 224), as in the paper.
    private static int ResizeTo(int imageSize, DataSource data) =>
        imageSize >= 160 || imageSize < data.ImageSize ? imageSize * 8 / 7 : imageSize;
}
