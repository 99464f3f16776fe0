namespace ResNet.Training.Data.Folders;

/// <summary>The options of opening the splits of a data set.</summary>
public sealed record SplitOptions
{
    /// <summary>
    /// The share of each class's training images to set aside for validation, more than 0 and less than 1. Default: null, none.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is not between 0 and 1.</exception>
    public double? EvaluationFraction
    {
        get;
        init => field = Require.That(this, value, value is null or (> 0 and < 1), "more than 0 and less than 1");
    }

    /// <summary>The seed of that choice; see <see cref="ImageFolder.Split"/>. Default: 0.</summary>
    public long Seed { get; init; }

    /// <summary>The classes that may be without images outside <c>train/</c>. Default: none.</summary>
    public IReadOnlyList<string> OnlyInTrain { get; init; } = [];

    /// <summary>
    /// The endings of the files that count as images, with their dot; case does not matter. Default: <see cref="ImageFolder.Extensions"/>.
    /// </summary>
    /// <exception cref="InvalidOptionException">There is none, or one does not begin with a dot.</exception>
    public IReadOnlyList<string> Extensions
    {
        get;
        init => field = ImageFolder.CheckExtensions(this, value, nameof(Extensions));
    } = ImageFolder.Extensions;
}
