using System.Globalization;
using ResNet.Core.Weights;
using ResNet.Training.Data;
using ResNet.Training.Data.Datasets;
using ResNet.Training.Data.Imaging;
using ResNet.Training.Data.Transforms;

namespace Imagenette;

/// <summary>A dataset to train on, and what its images are like.</summary>
internal sealed record DataSource(
    string Name, ImageFolder Train, ImageFolder Evaluation, int Channels, int ImageSize, Augmentation Augmentation, Normalize Normalize)
{
    internal const string FashionMnistName = "fashion-mnist";

    internal static string Description { get; } =
        $"{string.Join(", ", KnownDataset.Catalogue.Select(row => row.Name))} (downloaded once), or the path of a folder with train/ and val/ (or test/), each with a folder of images for every class.";

    private const string Cifar10Name = "cifar10";
    private const int FashionMnistSize = 28;
    private const int Cifar10Size = 32;
    private const int LargeImage = 224;

    internal static DataSource Open(string name, double? validationSplit, long seed, CancellationToken cancellationToken)
    {
        if (validationSplit is { } share) Check(share, name);
        string root = Locate(name, cancellationToken);
        var (training, evaluation) = validationSplit is { } fraction ? ImageFolder.OpenSplits(root, fraction, seed) : ImageFolder.OpenSplits(root);
        if (name == FashionMnistName)
            return new DataSource(name, training, evaluation, Channels: 1, FashionMnistSize, Augmentation.None, Normalize.FashionMnist);
        if (name == Cifar10Name)
            return new DataSource(name, training, evaluation, Channels: 3, Cifar10Size, Augmentation.ShiftAndFlip, Normalize.Cifar10);
        int size = SuitableSize(training);
        return new DataSource(
            root == name ? Path.GetFullPath(name) : name, training, evaluation, Channels: 3, size,
            size == LargeImage ? Augmentation.CropAndFlip : Augmentation.Flip, Normalize.ImageNet);
    }

    /// <summary>The folder of a data set: a known one's, once it has been downloaded, or the path that was given.</summary>
    internal static string Locate(string name, CancellationToken cancellationToken) =>
        KnownDataset.Catalogue.FirstOrDefault(row => row.Name == name) is { } known
            ? ConsoleProgress.Prepare(progress => known.PrepareAsync(progress: progress, cancellationToken: cancellationToken).GetAwaiter().GetResult())
            : name;

    /// <summary>The same with other channels, where any are asked for.</summary>
    internal DataSource In(int? channels) =>
        channels is null || channels == Channels ? this
        : this with { Channels = channels.Value, Normalize = channels == 1 ? Normalize.Grey : Normalize.ImageNet };

    /// <summary>The same as a pretrained network takes it: in colour, normalised as it was trained.</summary>
    internal DataSource For(Preprocessing preprocessing) =>
        this with { Channels = 3, Normalize = Normalize.From(preprocessing) };

    // Before anything is downloaded.
    private static void Check(double validationSplit, string name)
    {
        if (validationSplit is not (> 0 and < 1))
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"--validation-split is {validationSplit}, but has to be more than 0 and less than 1."));
        if (KnownDataset.Catalogue.FirstOrDefault(row => row.Name == name) is { } known)
            throw new ArgumentException($"{known.Title} has {known.EvaluationFolder}/ to evaluate on: leave --validation-split out.");
    }

    // Small images, such as CIFAR's of 32×32, are taken as they are; photographs at the size networks are made for.
    private static int SuitableSize(ImageFolder folder)
    {
        using var first = ImageDecoder.Open(folder.Samples[0].Path, channels: 3);
        return Math.Min(LargeImage, Math.Min(first.Width, first.Height));
    }
}
