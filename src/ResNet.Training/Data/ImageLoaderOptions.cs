namespace ResNet.Training.Data;

/// <summary>How images become batches. A bad value is refused when it is set.</summary>
public sealed record ImageLoaderOptions
{
    /// <summary>Images of a batch, at least 1. Default: 128.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int BatchSize
    {
        get;
        init => field = AtLeastOne(value, nameof(BatchSize));
    } = 128;

    /// <summary>Height and width of the network's input in pixels, at least 1. Default: 224.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int ImageSize
    {
        get;
        init => field = AtLeastOne(value, nameof(ImageSize));
    } = 224;

    /// <summary>
    /// Length in pixels of the shorter side before the centre is cut out, where nothing is cropped at random. Less than
    /// <see cref="ImageSize"/>, as the default of 0 is, stands for ImageSize itself.
    /// </summary>
    /// <exception cref="ArgumentException">The value is negative.</exception>
    public int ResizeTo
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentException($"{nameof(ImageLoaderOptions)}.{nameof(ResizeTo)} is {value}, but has to be 0 or more.", nameof(ResizeTo));
    }

    /// <summary>3 for colour, 1 for grey; pictures of the other kind are converted. Default: 3.</summary>
    /// <exception cref="ArgumentException">The value is neither 1 nor 3.</exception>
    public int Channels
    {
        get;
        init => field = value is 1 or 3
            ? value
            : throw new ArgumentException($"{nameof(ImageLoaderOptions)}.{nameof(Channels)} is {value}, but has to be 1 (grey) or 3 (colour).", nameof(Channels));
    } = 3;

    /// <summary>What is random about each image. Default: nothing.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="Data.Augmentation"/>.</exception>
    public Augmentation Augmentation
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw new ArgumentException(
                $"{nameof(ImageLoaderOptions)}.{nameof(Augmentation)} is {value}, but has to be one of {string.Join(", ", Enum.GetNames<Augmentation>())}.", nameof(Augmentation));
    }

    /// <summary>Whether each epoch has an order of its own (default: false, the order of the samples), and the last, smaller batch is left out.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Where the order and the augmentation come from, with the epoch and the sample's index. Default: 0.</summary>
    public long Seed { get; init; }

    /// <summary>Threads that decode, at least 1. Default: one a processor. The batches are the same whatever their number.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Workers
    {
        get;
        init => field = AtLeastOne(value, nameof(Workers));
    } = Environment.ProcessorCount;

    /// <summary>Batches that are decoded ahead of the one in use, at least 1. Default: 3.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Ahead
    {
        get;
        init => field = AtLeastOne(value, nameof(Ahead));
    } = 3;

    private static int AtLeastOne(int value, string property) => value >= 1
        ? value
        : throw new ArgumentException($"{nameof(ImageLoaderOptions)}.{property} is {value}, but has to be at least 1.", property);
}
