using ResNet.Training.Data.Imaging;

namespace ResNet.Training.Data;

/// <summary>
/// Decodes images on several threads, ahead of whoever uses them, into a few batches of memory that are used again and
/// again. Which images a batch has, and how they are augmented, depends on the seed, the epoch and the sample's index
/// alone, never on the number of threads.
/// </summary>
public sealed class ImageLoader
{
    // Keeps the streams of random numbers for different purposes apart.
    private const long OrderStream = 1;
    private const long AugmentationStream = 2;

    private readonly IReadOnlyList<ImageSample> _samples;

    /// <summary>A loader of these samples.</summary>
    /// <param name="samples">At least one; a shuffled loader needs at least <see cref="ImageLoaderOptions.BatchSize"/>.</param>
    /// <param name="options">How they become batches.</param>
    /// <exception cref="DatasetException">There are too few samples.</exception>
    /// <exception cref="ArgumentException">A batch would be larger than 2 GiB.</exception>
    public ImageLoader(IReadOnlyList<ImageSample> samples, ImageLoaderOptions options)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(options);
        _samples = samples;
        Options = options;
        Batches = options.Shuffle ? samples.Count / options.BatchSize : (samples.Count + options.BatchSize - 1) / options.BatchSize;
        if (Batches == 0)
            throw new DatasetException($"There are {samples.Count} images, too few for one batch of {options.BatchSize}: choose a smaller batch size.");
        if ((double)options.BatchSize * options.ImageSize * options.ImageSize * options.Channels > int.MaxValue)
            throw new ArgumentException($"A batch of {options.BatchSize} images of {options.ImageSize} × {options.ImageSize} pixels is larger than 2 GiB: choose a smaller batch or image size.", nameof(options));
    }

    /// <summary>How the samples become batches.</summary>
    public ImageLoaderOptions Options { get; }

    /// <summary>Batches of an epoch.</summary>
    public int Batches { get; }

    /// <summary>Images of the smallest batch: the last one, where the samples do not fill it.</summary>
    internal int SmallestBatch => Images % Options.BatchSize is var rest && rest > 0 ? rest : Options.BatchSize;

    /// <summary>Images of an epoch: all, or, where the loader shuffles, as many as fill whole batches.</summary>
    public int Images => Options.Shuffle ? Batches * Options.BatchSize : _samples.Count;

    /// <summary>The batches of one epoch. Each is valid until the next is asked for.</summary>
    /// <param name="epoch">The epoch's number, from 0.</param>
    /// <param name="cancellationToken">Stops the decoding.</param>
    /// <exception cref="ImageDecodingException">An image of the batch cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IEnumerable<ImageBatch> Epoch(int epoch, CancellationToken cancellationToken = default)
    {
        var order = Order(epoch);
        using var pipeline = new DecodingPipeline(
            Options, Array.ConvertAll(order, index => _samples[index].Label), (position, pixels) => Decode(order[position], epoch, pixels));
        for (int batch = 0; batch < Batches; batch++) yield return pipeline.Take(batch, cancellationToken);
    }

    // The index of the sample at each position of the epoch: a Fisher-Yates shuffle.
    private int[] Order(int epoch)
    {
        var order = new int[_samples.Count];
        for (int i = 0; i < order.Length; i++) order[i] = i;
        if (!Options.Shuffle) return order;
        var random = SplitMix64.For(Options.Seed, OrderStream, epoch);
        for (int i = order.Length - 1; i > 0; i--)
        {
            int j = random.NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order[..Images];
    }

    private void Decode(int index, int epoch, Span<byte> pixels)
    {
        var random = SplitMix64.For(Options.Seed, AugmentationStream, epoch, index);
        int size = Options.ImageSize;
        using var image = ImageDecoder.Open(_samples[index].Path, Options.Channels);
        if (Options.Augmentation == Augmentation.CropAndFlip)
        {
            var (left, top, width, height) = RandomResizedCrop.Draw(image.Width, image.Height, ref random);
            image.CropResizeInto(left, top, width, height, size, size, flipHorizontally: random.NextDouble() < 0.5, pixels);
        }
        else
        {
            bool flip = Options.Augmentation == Augmentation.Flip && random.NextDouble() < 0.5;
            image.ResizeCenterCropInto(Math.Max(Options.ResizeTo, size), size, size, flip, pixels);
        }
    }
}
