using System.Runtime.InteropServices;
using ResNet.Imaging.Randomness;

namespace ResNet.Training.Data.Folders;

public sealed partial class ImageFolder
{
    // Separates these random numbers from the loader's.
    private const long SplitStream = 101;

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
        if (fraction is not (> 0 and < 1))
            throw new InvalidOptionException(nameof(ImageFolder), nameof(fraction), fraction, "more than 0 and less than 1");
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
        return new ImageFolder(this, Classes, samples);
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

    /// <summary>Returns the same images with the labels of other classes, such as those of a network.</summary>
    /// <param name="classes">The names of the other classes, among which all of <see cref="Classes"/> are.</param>
    /// <exception cref="ArgumentException">A class is missing.</exception>
    public ImageFolder WithClasses(IReadOnlyList<string> classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        if (Classes.Except(classes).FirstOrDefault() is { } missing)
            throw new ArgumentException($"The class '{missing}' of '{Root}' is not among the other classes.", nameof(classes));
        var all = classes.ToList();
        var labels = Classes.Select(name => all.IndexOf(name)).ToArray();
        return new ImageFolder(this, classes, [.. Samples.Select(sample => sample with { Label = labels[sample.Label] })]);
    }
}
