
namespace ResNet.Training.Data.Folders;

/// <summary>The faults of a folder's images, each list in the order of the images.</summary>
public sealed record VerificationReport
{
    /// <summary>How many images were checked.</summary>
    public required int Images { get; init; }

    /// <summary>Images that cannot be decoded.</summary>
    public required IReadOnlyList<BrokenImage> Broken { get; init; }

    /// <summary>Images with fewer pixels a side than <see cref="VerificationOptions.MinimumSize"/>.</summary>
    public required IReadOnlyList<SmallImage> TooSmall { get; init; }

    /// <summary>Images that are in two or more classes, so that one of the labels is wrong.</summary>
    public required IReadOnlyList<RepeatedImage> InSeveralClasses { get; init; }

    /// <summary>Images that occur several times in one class: no fault, unless they are in several folders.</summary>
    public required IReadOnlyList<RepeatedImage> InOneClass { get; init; }

    /// <summary>Whether nothing is broken, too small, or in several classes.</summary>
    public bool IsClean => Broken.Count == 0 && TooSmall.Count == 0 && InSeveralClasses.Count == 0;
}
