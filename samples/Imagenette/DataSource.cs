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

    internal const string Description =
        $"'{FashionMnistName}', or the path of a folder with train/ and val/ (or test/), each with a folder of images for every class.";

    private const int FashionMnistSize = 28;
    private const int LargeImage = 224;

    internal static DataSource Open(string name, CancellationToken cancellationToken)
    {
        if (name == FashionMnistName)
        {
            string root = ConsoleProgress.Prepare(
                progress => FashionMnist.PrepareAsync(progress: progress, cancellationToken: cancellationToken).GetAwaiter().GetResult());
            var (train, test) = ImageFolder.OpenSplits(root);
            return new DataSource(name, train, test, Channels: 1, FashionMnistSize, Augmentation.None, Normalize.FashionMnist);
        }
        var (training, evaluation) = ImageFolder.OpenSplits(name);
        int size = SuitableSize(training);
        return new DataSource(
            Path.GetFullPath(name), training, evaluation, Channels: 3, size,
            size == LargeImage ? Augmentation.CropAndFlip : Augmentation.Flip, Normalize.ImageNet);
    }

    /// <summary>The same with other channels, where any are asked for.</summary>
    internal DataSource In(int? channels) =>
        channels is null || channels == Channels ? this
        : this with { Channels = channels.Value, Normalize = channels == 1 ? Normalize.Grey : Normalize.ImageNet };

    /// <summary>The same as a pretrained network takes it: in colour, normalised as it was trained.</summary>
    internal DataSource For(Preprocessing preprocessing) =>
        this with { Channels = 3, Normalize = Normalize.From(preprocessing) };

    // Small images, such as CIFAR's of 32×32, are taken as they are; photographs at the size networks are made for.
    private static int SuitableSize(ImageFolder folder)
    {
        using var first = ImageDecoder.Open(folder.Samples[0].Path, channels: 3);
        return Math.Min(LargeImage, Math.Min(first.Width, first.Height));
    }
}
