using ResNet.Cli.Output;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Known;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Data.Packs;
using ResNet.Training.Loading.Transforms;

namespace ResNet.Cli.Options;

/// <summary>A dataset to train on, and the properties of its images.</summary>
/// <param name="Name">A known data set's name or a folder's path.</param>
/// <param name="Train">The images to train on.</param>
/// <param name="Evaluation">The images that choose the best epoch.</param>
/// <param name="Channels">3 for colour, 1 for grey.</param>
/// <param name="Size">The images' usual height and width; found by reading some of them if necessary.</param>
/// <param name="KnownAugmentation">The augmentation that suits a known data set; null if it depends on the size.</param>
/// <param name="Normalize">The mean and deviation of the pixels.</param>
internal sealed record DataSource(
    string Name, ImageSet Train, ImageSet Evaluation, int Channels, Lazy<int> Size, Augmentation? KnownAugmentation, Normalize Normalize)
{
    internal const string FashionMnistName = "fashion-mnist";
    internal const string PackExtension = ".safetensors";
    internal const string TrainPack = "train" + PackExtension;
    internal const string ValidationPack = "val" + PackExtension;
    internal const string TestPack = "test" + PackExtension;

    internal static string Description { get; } =
        $"{string.Join(", ", KnownDataset.Catalogue.Select(row => row.Name))} (downloaded once), "
        + "or the path of a folder with train/ and val/ (or test/), each with a folder of images for every class, "
        + "or of what 'pack' made of one.";

    private const string Cifar10Name = "cifar10";
    private const int FashionMnistSize = 28;
    private const int Cifar10Size = 32;
    private const int LargeImage = 224;

    private static readonly string[] s_evaluationPacks = [ValidationPack, TestPack];

    /// <summary>The images for one evaluation at the end; null for none.</summary>
    internal ImageSet? Test { get; private init; }

    /// <summary>Whether the test images have to choose the best epoch.</summary>
    internal bool EvaluatesOnTest { get; private init; }

    /// <summary>Sentences about the data that a user should know.</summary>
    internal IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>The folder that holds all of the images, or their packs.</summary>
    internal string Root { get; private init; } = "";

    /// <summary>Height and width of the images, or of the network's input, in pixels.</summary>
    /// <exception cref="ImageDecodingException">The size depends on the images, and none of the images tried can be read.</exception>
    internal int ImageSize => Size.Value;

    /// <summary>The augmentation of training images unless the user sets another one.</summary>
    /// <exception cref="ImageDecodingException">As for <see cref="ImageSize"/>.</exception>
    internal Augmentation Augmentation => KnownAugmentation ?? (ImageSize == LargeImage ? Augmentation.CropAndFlip : Augmentation.Flip);

    internal static DataSource Open(string name, SplitOptions options, CancellationToken cancellationToken)
    {
        if (options.EvaluationFraction is not null) RefuseFractionOfKnown(name);
        string root = Locate(name, cancellationToken);
        string path = root == name ? Path.GetFullPath(name) : name;
        if (File.Exists(root))
            throw new DatasetException(
                ImagePack.IsPack(root)
                    ? $"'{root}' is a single pack: give a folder with {TrainPack} and {ValidationPack} (or {TestPack}), "
                        + "which 'pack' makes of a folder with train/ and val/ (or test/)."
                    : $"'{root}' is a file: give a folder with train/ and val/ (or test/), or what 'pack' made of one.");
        if (File.Exists(Path.Join(root, TrainPack)))
        {
            // The packs may be older than the images.
            return Directory.Exists(Path.Join(root, "train"))
                ? throw new DatasetException($"The folder '{path}' has both images in train/ and {TrainPack}, which 'pack' made: "
                    + "move one of them to another folder, to say which is meant.")
                : OpenPacks(path, options.EvaluationFraction) with { Root = root };
        }
        var splits = DatasetSplits.Open(root, options);
        return For(name, path, ImageSet.Of(splits.Train), ImageSet.Of(splits.Evaluation)) with
        {
            Root = root,
            Test = splits.Test is { } test ? ImageSet.Of(test) : null,
            EvaluatesOnTest = splits.EvaluatesOnTest,
            Notes = [.. Describe(splits)],
        };
    }

    /// <summary>Lists the images with their content; reads all files of folders.</summary>
    internal DatasetManifest CreateManifest(int workers, CancellationToken cancellationToken)
    {
        var evaluation = EvaluatesOnTest ? DatasetSplit.Test : DatasetSplit.Validation;
        var parts = new List<(DatasetSplit Split, ImageSet Set)> { (DatasetSplit.Train, Train), (evaluation, Evaluation) };
        if (Test is not null) parts.Add((DatasetSplit.Test, Test));
        return Train.Pack is not null
            ? DatasetManifest.Create([.. parts.Select(part => (part.Split, part.Set.Pack!))])
            : ConsoleProgress.Prepare(progress => DatasetManifest.Create(
                Root, [.. parts.Select(part => (part.Split, part.Set.Folder!))], workers, progress, cancellationToken));
    }

    /// <summary>Returns the folder of a data set: of a known one, downloading it if necessary, or the given path.</summary>
    internal static string Locate(string name, CancellationToken cancellationToken) =>
        KnownDataset.Catalogue.FirstOrDefault(row => row.Name == name) is { } known
            ? ConsoleProgress.Prepare(
                progress => known.PrepareAsync(progress: progress, cancellationToken: cancellationToken).GetAwaiter().GetResult())
            : name;

    /// <summary>Returns the same data with other channels, if an option sets them.</summary>
    internal DataSource In(int? channels) =>
        channels is null || channels == Channels ? this
        : this with { Channels = channels.Value, Normalize = channels == 1 ? Normalize.Grey : Normalize.ImageNet };

    /// <summary>Returns the same data for a pretrained network: in colour, normalised as in its training.</summary>
    internal DataSource For(Preprocessing preprocessing) =>
        this with { Channels = 3, Normalize = preprocessing.ToNormalize() };

    private static DataSource OpenPacks(string folder, double? validationSplit)
    {
        var packs = s_evaluationPacks.Where(pack => File.Exists(Path.Join(folder, pack))).ToList();
        string evaluationPack = packs.FirstOrDefault()
            ?? throw new DatasetException($"The folder '{folder}' has {TrainPack}, but neither {string.Join(" nor ", s_evaluationPacks)}: "
                + "'pack' makes both of a folder with train/ and val/ or test/.");
        if (validationSplit is not null)
        {
            throw new CommandLineException(
                new Mistake($"'{folder}' has {evaluationPack} to evaluate on: leave --validation-split out.", "--validation-split"));
        }
        var training = ImagePack.Open(Path.Join(folder, TrainPack));
        ImagePack Open(string name)
        {
            var pack = ImagePack.Open(Path.Join(folder, name));
            return training.Classes.SequenceEqual(pack.Classes) && training.Channels == pack.Channels
                ? pack
                : throw new DatasetException(
                    $"'{training.Path}' and '{pack.Path}' need the same classes and channels: make them again with 'pack'.");
        }
        // The folder of a known data set has the data set's name.
        string? packed = Path.GetFileName(Path.GetDirectoryName(training.Source));
        bool evaluatesOnTest = evaluationPack == TestPack;
        return For(packed, folder, ImageSet.Of(training), ImageSet.Of(Open(evaluationPack))).In(training.Channels) with
        {
            Test = packs.Count > 1 ? ImageSet.Of(Open(TestPack)) : null,
            EvaluatesOnTest = evaluatesOnTest,
            Notes = evaluatesOnTest ? [ChosenOnTest(TestPack)] : [],
        };
    }

    private static DataSource For(string? name, string path, ImageSet training, ImageSet evaluation)
    {
        if (name == FashionMnistName)
            return new DataSource(
                path, training, evaluation, Channels: 1, new(FashionMnistSize), Augmentation.None, Normalize.FashionMnist);
        if (name == Cifar10Name)
            return new DataSource(path, training, evaluation, Channels: 3, new(Cifar10Size), Augmentation.ShiftAndFlip, Normalize.Cifar10);
        // Small images, such as CIFAR's of 32×32, keep their size; photographs get the size that networks are made for.
        var size = new Lazy<int>(() => Math.Min(LargeImage, training.MedianShorterSide()));
        return new DataSource(path, training, evaluation, Channels: 3, size, KnownAugmentation: null, Normalize.ImageNet);
    }

    private static IEnumerable<string> Describe(DatasetSplits splits)
    {
        if (splits.EvaluatesOnTest) yield return ChosenOnTest($"{Path.GetFileName(splits.Evaluation.Root)}/");
        if (splits.UnlabelledTest is { } test)
            yield return $"{Path.GetFileName(test)}/ has no class folders, so nothing is evaluated on it.";
        if (splits.OnlyInTrain.Count > 0)
            yield return $"Only the training images have the class {string.Join(", ", splits.OnlyInTrain)}: no result says how well it "
                + "is found.";
        var folders = new[] { splits.Train, splits.Evaluation, splits.Test }.OfType<ImageFolder>();
        foreach (var images in folders.DistinctBy(images => images.Root))
        {
            if (images.PassedOver.Count > 0)
                yield return $"Passed over in {Path.GetFileName(Path.TrimEndingDirectorySeparator(images.Root))}/: {Endings(images)}.";
        }
    }

    /// <summary>Returns the name of a split's pack.</summary>
    internal static string PackOf(DatasetSplit split) => split switch
    {
        DatasetSplit.Train => TrainPack,
        DatasetSplit.Validation => ValidationPack,
        _ => TestPack,
    };

    /// <summary>Returns the numbers of files that were passed over: <c>2 files ending in .gif, 1 file without ending</c>.</summary>
    internal static string Endings(ImageFolder images) => string.Join(
        ", ",
        images.PassedOver.OrderByDescending(ending => ending.Value).Select(ending =>
            Counted.Of(ending.Value, "file", "files") + (ending.Key.Length > 0 ? $" ending in {ending.Key}" : " without ending")));

    private static string ChosenOnTest(string test) =>
        $"There are no validation images, so the best epoch is chosen on {test}, and its accuracy there is higher than on new images.";

    // Checked before anything is downloaded.
    private static void RefuseFractionOfKnown(string name)
    {
        if (KnownDataset.Catalogue.FirstOrDefault(row => row.Name == name) is { } known)
        {
            throw new CommandLineException(new Mistake(
                $"{known.Title} has {known.EvaluationFolder}/ to evaluate on: leave --validation-split out.", "--validation-split"));
        }
    }
}
