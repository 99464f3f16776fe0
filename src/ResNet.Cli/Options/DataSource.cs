using System.Globalization;
using ResNet.Cli.Output;
using ResNet.Core.Weights;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Known;
using ResNet.Training.Data.Packs;
using ResNet.Training.Loading.Transforms;

namespace ResNet.Cli.Options;

/// <summary>A dataset to train on, and the properties of its images.</summary>
/// <param name="Name">A known data set's name or a folder's path.</param>
/// <param name="Train">The images to train on.</param>
/// <param name="Evaluation">The images to evaluate on.</param>
/// <param name="Channels">3 for colour, 1 for grey.</param>
/// <param name="Size">The images' height and width; found by reading one of them if necessary.</param>
/// <param name="KnownAugmentation">The augmentation that suits a known data set; null if it depends on the size.</param>
/// <param name="Normalize">The mean and deviation of the pixels.</param>
internal sealed record DataSource(
    string Name, ImageSet Train, ImageSet Evaluation, int Channels, Lazy<int> Size, Augmentation? KnownAugmentation, Normalize Normalize)
{
    internal const string FashionMnistName = "fashion-mnist";
    internal const string PackExtension = ".safetensors";
    internal const string TrainPack = "train" + PackExtension;

    internal static string Description { get; } =
        $"{string.Join(", ", KnownDataset.Catalogue.Select(row => row.Name))} (downloaded once), "
        + "or the path of a folder with train/ and val/ (or test/), each with a folder of images for every class, "
        + "or of what 'pack' made of one.";

    private const string Cifar10Name = "cifar10";
    private const int FashionMnistSize = 28;
    private const int Cifar10Size = 32;
    private const int LargeImage = 224;

    private static readonly string[] s_evaluationPacks = ["val" + PackExtension, "test" + PackExtension];

    /// <summary>Height and width of the images, or of the network's input, in pixels.</summary>
    /// <exception cref="ImageDecodingException">The size depends on the images, and none of the images tried can be read.</exception>
    internal int ImageSize => Size.Value;

    /// <summary>The augmentation of training images unless the user sets another one.</summary>
    /// <exception cref="ImageDecodingException">As for <see cref="ImageSize"/>.</exception>
    internal Augmentation Augmentation => KnownAugmentation ?? (ImageSize == LargeImage ? Augmentation.CropAndFlip : Augmentation.Flip);

    internal static DataSource Open(string name, double? validationSplit, long seed, CancellationToken cancellationToken)
    {
        if (validationSplit is { } share) Check(share, name);
        string root = Locate(name, cancellationToken);
        string path = root == name ? Path.GetFullPath(name) : name;
        if (File.Exists(root))
            throw new DatasetException(
                ImagePack.IsPack(root)
                    ? $"'{root}' is a single pack: give a folder with {TrainPack} and val{PackExtension} (or test{PackExtension}), "
                        + "which 'pack' makes of a folder with train/ and val/ (or test/)."
                    : $"'{root}' is a file: give a folder with train/ and val/ (or test/), or what 'pack' made of one.");
        if (File.Exists(Path.Join(root, TrainPack)))
        {
            // The packs may be older than the images.
            return Directory.Exists(Path.Join(root, "train"))
                ? throw new DatasetException($"The folder '{path}' has both images in train/ and {TrainPack}, which 'pack' made: "
                    + "move one of them to another folder, to say which is meant.")
                : OpenPacks(path, validationSplit);
        }
        var (training, evaluation) = validationSplit is { } fraction
            ? ImageFolder.OpenSplits(root, fraction, seed)
            : ImageFolder.OpenSplits(root);
        return For(name, path, ImageSet.Of(training), ImageSet.Of(evaluation));
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
        string evaluationPack = s_evaluationPacks.FirstOrDefault(pack => File.Exists(Path.Join(folder, pack)))
            ?? throw new DatasetException($"The folder '{folder}' has {TrainPack}, but neither {string.Join(" nor ", s_evaluationPacks)}: "
                + "'pack' makes both of a folder with train/ and val/ or test/.");
        if (validationSplit is not null)
            throw new CommandLineException($"'{folder}' has {evaluationPack} to evaluate on: leave --validation-split out.");
        var (training, evaluation) = (ImagePack.Open(Path.Join(folder, TrainPack)), ImagePack.Open(Path.Join(folder, evaluationPack)));
        if (!training.Classes.SequenceEqual(evaluation.Classes) || training.Channels != evaluation.Channels)
            throw new DatasetException(
                $"'{training.Path}' and '{evaluation.Path}' need the same classes and channels: make them again with 'pack'.");
        // The folder of a known data set has the data set's name.
        string? packed = Path.GetFileName(Path.GetDirectoryName(training.Source));
        return For(packed, folder, ImageSet.Of(training), ImageSet.Of(evaluation)).In(training.Channels);
    }

    private static DataSource For(string? name, string path, ImageSet training, ImageSet evaluation)
    {
        if (name == FashionMnistName)
            return new DataSource(
                path, training, evaluation, Channels: 1, new(FashionMnistSize), Augmentation.None, Normalize.FashionMnist);
        if (name == Cifar10Name)
            return new DataSource(path, training, evaluation, Channels: 3, new(Cifar10Size), Augmentation.ShiftAndFlip, Normalize.Cifar10);
        // Small images, such as CIFAR's of 32×32, keep their size; photographs get the size that networks are made for.
        var size = new Lazy<int>(() => Math.Min(LargeImage, training.ShorterSide()));
        return new DataSource(path, training, evaluation, Channels: 3, size, KnownAugmentation: null, Normalize.ImageNet);
    }

    // Checked before anything is downloaded.
    private static void Check(double validationSplit, string name)
    {
        if (validationSplit is not (> 0 and < 1))
            throw new CommandLineException(string.Create(
                CultureInfo.InvariantCulture, $"--validation-split is {validationSplit}, but has to be more than 0 and less than 1."));
        if (KnownDataset.Catalogue.FirstOrDefault(row => row.Name == name) is { } known)
            throw new CommandLineException($"{known.Title} has {known.EvaluationFolder}/ to evaluate on: leave --validation-split out.");
    }
}
