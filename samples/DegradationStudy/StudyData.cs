using ResNet.Imaging;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Known;
using ResNet.Training.Loading;
using ResNet.Training.Recipes;

namespace DegradationStudy;

/// <summary>The images of a study: training images, and images to measure errors on.</summary>
/// <param name="Classes">The number of classes.</param>
/// <param name="Training">All training images, augmented and in a new order in each epoch.</param>
/// <param name="Part">A fixed part of the training images, without augmentation.</param>
/// <param name="Test">All test images, without augmentation.</param>
internal sealed record StudyData(int Classes, ImageLoader Training, ImageLoader Part, ImageLoader Test)
{
    private const int Side = 32;
    private const int ImagesOfPart = 5000;
    private const long CacheBytes = 256L << 20;

    internal static StudyData Open(string root, Recipe recipe, long seed, int workers)
    {
        var (training, test) = DatasetSplits.Open(root);
        RefuseOtherSizes(training);
        var options = new ImageLoaderOptions { BatchSize = recipe.BatchSize, Seed = seed, Workers = workers };
        // Each class has its proportional share, since samples are in the order of classes.
        int stride = Math.Max(1, training.Count / ImagesOfPart);
        var part = training.Samples.Where((_, i) => i % stride == 0).ToList();
        var unchanged = recipe.EvaluationTransforms();
        var cached = options with { CacheBytes = CacheBytes };
        return new(
            training.Classes.Count,
            new ImageLoader(training.Samples, recipe.TrainingTransforms(), options with { Shuffle = true }),
            new ImageLoader(part, unchanged, cached),
            new ImageLoader(test.Samples, unchanged, cached));
    }

    /// <summary>Returns the folder of a known data set, downloading it if necessary, or the given folder.</summary>
    internal static string Locate(string name, CancellationToken cancellationToken) =>
        KnownDataset.Catalogue.FirstOrDefault(row => row.Name == name) is { } known
            ? known.PrepareAsync(progress: new Steps(), cancellationToken: cancellationToken).GetAwaiter().GetResult()
            : Path.GetFullPath(name);

    private static void RefuseOtherSizes(ImageFolder folder)
    {
        using var image = ImageDecoder.Open(folder.Samples[0].Path, channels: 3);
        if (image.Width != Side || image.Height != Side)
            throw new DatasetException(
                $"'{folder.Samples[0].Path}' is {image.Width} × {image.Height} pixels, but the networks of this study are for images of "
                + $"{Side} × {Side}, such as CIFAR's.");
    }

    private sealed class Steps : IProgress<DatasetProgress>
    {
        private readonly HashSet<string> _named = [];

        public void Report(DatasetProgress value)
        {
            lock (_named)
            {
                if (_named.Add(value.Step)) Console.WriteLine(value.Step);
            }
        }
    }
}
