using System.Runtime.InteropServices;
using ResNet.Imaging.Randomness;

namespace ResNet.Training.Data.Folders;

public sealed partial class ImageFolder
{
    private const string TrainFolder = "train";

    // Separates these random numbers from the loader's.
    private const long SplitStream = 101;

    private static readonly string[] s_evaluationFolders = ["val", "test"];

    /// <summary>Opens <c>train/</c> and <c>val/</c> of a data set, or <c>test/</c> if there is no <c>val/</c>.</summary>
    /// <param name="root">The folder that holds both.</param>
    /// <returns>The training images and the evaluation images, with the same classes.</returns>
    /// <exception cref="DatasetException">
    /// A folder is missing, the two have different classes, or one of them is refused on its own.
    /// </exception>
    public static (ImageFolder Train, ImageFolder Evaluation) OpenSplits(string root)
    {
        RefuseMissing(root);
        var trainFolder = Path.Join(root, TrainFolder);
        var evaluationFolder = EvaluationFolders(root).FirstOrDefault();
        if (!Directory.Exists(trainFolder) || evaluationFolder is null)
            throw new DatasetException(
                $"The folder '{root}' has no {(Directory.Exists(trainFolder) ? "val/ or test/" : "train/")}: "
                + "it needs train/ and val/ (or test/), each with one folder a class"
                + (evaluationFolder is null
                    ? ", or a fraction of its images has to be set aside to evaluate on."
                    : "."))
            {
                Problem = evaluationFolder is null ? DatasetProblem.NothingToEvaluateOn : DatasetProblem.Other,
            };

        var (train, evaluation) = (new ImageFolder(trainFolder), new ImageFolder(evaluationFolder));
        if (!train.Classes.SequenceEqual(evaluation.Classes))
            throw new DatasetException(
                $"'{trainFolder}' and '{evaluationFolder}' need the same class folders, but "
                + $"{Differences(train, evaluation)}.");
        return (train, evaluation);
    }

    /// <summary>Opens a data set without evaluation images, and sets some of its images aside for evaluation.</summary>
    /// <param name="root">The folder that holds the class folders, or only <c>train/</c> with the class folders in it.</param>
    /// <param name="evaluationFraction">The share of each class's images to evaluate on, more than 0 and less than 1.</param>
    /// <param name="seed">The seed of the choice; see <see cref="Split"/>.</param>
    /// <returns>
    /// The training images and the evaluation images, with the same classes; the single image of a class is a training image.
    /// </returns>
    /// <exception cref="InvalidOptionException">The fraction is not between 0 and 1.</exception>
    /// <exception cref="DatasetException">
    /// The folder is missing, is refused on its own, has <c>val/</c> or <c>test/</c> beside <c>train/</c>, or no class has two images.
    /// </exception>
    public static (ImageFolder Train, ImageFolder Evaluation) OpenSplits(string root, double evaluationFraction, long seed = 0)
    {
        RefuseMissing(root);
        RefuseFraction(evaluationFraction, nameof(evaluationFraction));
        var trainFolder = Path.Join(root, TrainFolder);
        if (Directory.Exists(trainFolder) && EvaluationFolders(root).FirstOrDefault() is { } evaluation)
        {
            throw new DatasetException(
                $"'{root}' has '{Path.GetFileName(evaluation)}' beside '{TrainFolder}' already: "
                + "leave the fraction out to evaluate on that.");
        }
        var images = new ImageFolder(HasOnly(root, TrainFolder) ? trainFolder : root);
        return images.Split(1 - evaluationFraction, seed);
    }

    /// <summary>
    /// Opens the existing folders among <c>train/</c>, <c>val/</c> and <c>test/</c>, or the folder itself if it holds the classes.
    /// </summary>
    /// <param name="root">The data set's folder.</param>
    /// <returns>One or more folders; their classes may differ.</returns>
    /// <exception cref="DatasetException">The folder is missing, or one of them is refused on its own.</exception>
    public static IReadOnlyList<ImageFolder> OpenAll(string root)
    {
        var trainFolder = Path.Join(root, TrainFolder);
        string[] evaluation = [.. EvaluationFolders(root)];
        var hasSplits = Directory.Exists(trainFolder) && (evaluation.Length > 0 || HasOnly(root, TrainFolder));
        return hasSplits
            ? [new ImageFolder(trainFolder), .. evaluation.Select(folder => new ImageFolder(folder))]
            : [new ImageFolder(root)];
    }

    /// <summary>Divides the images into two parts, each class in the same proportion.</summary>
    /// <remarks>
    /// The first part gets n·<paramref name="fraction"/> of a class's n images, rounded to the nearest number, halves up. If n is
    /// at least 2, it gets at least 1 and at most n - 1; the single image of a class is in the first part. The choice depends on the seed,
    /// the class's label and the order of its images only, so it is the same on every machine. Both parts keep the folder's order.
    /// </remarks>
    /// <param name="fraction">The share of the first part, more than 0 and less than 1.</param>
    /// <param name="seed">The seed of the choice; another seed gives another division.</param>
    /// <exception cref="InvalidOptionException">The fraction is not between 0 and 1.</exception>
    /// <exception cref="DatasetException">No class has two images.</exception>
    public (ImageFolder First, ImageFolder Second) Split(double fraction, long seed = 0)
    {
        RefuseFraction(fraction, nameof(fraction));
        // With two or more images, each part gets at least one.
        int First(int count) => count < 2
            ? count
            : Math.Clamp((int)Math.Round(count * fraction, MidpointRounding.AwayFromZero), 1, count - 1);

        var (first, second) = Divide(First, seed);
        return second.Count > 0
            ? (Subset(first), Subset(second))
            : throw new DatasetException($"The images of '{Root}' cannot be divided: no class has two of them.");
    }

    /// <summary>Selects some images of each class, for a quick trial.</summary>
    /// <param name="count">The number of images per class, at least 1; a class with fewer images keeps all.</param>
    /// <param name="seed">The seed of the choice; see <see cref="Split"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1.</exception>
    public ImageFolder TakePerClass(int count, long seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return Subset(Divide(available => Math.Min(available, count), seed).First);
    }

    /// <summary>Returns some of the images, with the same classes; a class may have no image.</summary>
    /// <param name="indices">Positions in <see cref="Samples"/>, in the order of the result; a position may occur several times.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such position.</exception>
    public ImageFolder Subset(IEnumerable<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var samples = new List<ImageSample>();
        foreach (var index in indices)
        {
            if (index < 0 || index >= Count)
                throw new ArgumentOutOfRangeException(nameof(indices), index, $"An image's position has to be from 0 to {Count - 1}.");
            samples.Add(Samples[index]);
        }
        return new ImageFolder(Root, Classes, samples);
    }

    // Splits each class at random into the chosen images and the rest.
    private (List<int> First, List<int> Second) Divide(Func<int, int> countOfFirst, long seed)
    {
        var byClass = new List<int>[Classes.Count];
        for (var label = 0; label < byClass.Length; label++) byClass[label] = [];
        for (var i = 0; i < Count; i++) byClass[Samples[i].Label].Add(i);

        var (first, second) = (new List<int>(), new List<int>());
        for (var label = 0; label < byClass.Length; label++)
        {
            var shuffled = byClass[label];
            var random = SplitMix64.For(seed, SplitStream, label);
            random.Shuffle(CollectionsMarshal.AsSpan(shuffled));
            var count = countOfFirst(shuffled.Count);
            first.AddRange(shuffled.Take(count));
            second.AddRange(shuffled.Skip(count));
        }
        first.Sort();
        second.Sort();
        return (first, second);
    }

    private static IEnumerable<string> EvaluationFolders(string root) =>
        s_evaluationFolders.Select(name => Path.Join(root, name)).Where(Directory.Exists);

    // A class may also be called train.
    private static bool HasOnly(string root, string folder)
    {
        try
        {
            return Directory.EnumerateDirectories(root).Select(Path.GetFileName).ToList() is [var only] && only == folder;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unlistable(root, failure);
        }
    }

    private static void RefuseMissing(string root)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        if (!Directory.Exists(root))
        {
            throw new DatasetException(
                $"There is no folder '{root}': give a folder that holds train/ and val/ (or test/), each with one folder a class.");
        }
    }

    private static void RefuseFraction(double fraction, string name)
    {
        if (fraction is not (> 0 and < 1))
            throw new InvalidOptionException(nameof(ImageFolder), name, fraction, "more than 0 and less than 1");
    }

    private static string Differences(ImageFolder train, ImageFolder evaluation)
    {
        var onlyTrain = train.Classes.Except(evaluation.Classes).ToList();
        var onlyEvaluation = evaluation.Classes.Except(train.Classes).ToList();
        return (onlyTrain.Count, onlyEvaluation.Count) switch
        {
            (_, 0) => $"{Names(onlyTrain)} is only in the first",
            (0, _) => $"{Names(onlyEvaluation)} is only in the second",
            _ => $"{Names(onlyTrain)} is only in the first and {Names(onlyEvaluation)} only in the second",
        };
    }
}
