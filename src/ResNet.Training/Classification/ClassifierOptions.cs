namespace ResNet.Training.Classification;

/// <summary>The options of classifying many pictures.</summary>
public sealed record ClassifierOptions
{
    /// <summary>The maximum number of classes of each picture, at least 1. Default: 5.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Count
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = Classifier.DefaultCount;

    /// <summary>The number of pictures that the network computes at once, at least 1. Default: 32.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int BatchSize
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 32;

    /// <summary>The number of threads that decode the next pictures meanwhile, at least 1. Default: one per processor.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Workers
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = Environment.ProcessorCount;
}
