using ResNet.Training.Data.Similarity;

namespace ResNet.Training.Data.Folders;

/// <summary>The faults of a folder's images, each list in the order of the images.</summary>
public sealed record VerificationReport
{
    /// <summary>The number of checked images.</summary>
    public required int Images { get; init; }

    /// <summary>Images that cannot be decoded.</summary>
    public required IReadOnlyList<BrokenImage> Broken { get; init; }

    /// <summary>Images with a side shorter than <see cref="VerificationOptions.MinimumSize"/>.</summary>
    public required IReadOnlyList<SmallImage> TooSmall { get; init; }

    /// <summary>Images that are in two or more classes, so that one of the labels is wrong.</summary>
    public required IReadOnlyList<RepeatedImage> InSeveralClasses { get; init; }

    /// <summary>Images that occur several times in one class: a fault only if they are in several folders.</summary>
    public required IReadOnlyList<RepeatedImage> InOneClass { get; init; }

    /// <summary>
    /// Groups of almost the same image, for people to judge: first those in several folders, then those in several classes. Flat images
    /// and those with fewer than 16 pixels in width or height are left out. Files with the same pixels are no group by themselves.
    /// </summary>
    public required IReadOnlyList<SimilarImages> Similar { get; init; }

    /// <summary>Whether no image is broken, too small, or in several classes.</summary>
    public bool IsClean => Broken.Count == 0 && TooSmall.Count == 0 && InSeveralClasses.Count == 0;
}
