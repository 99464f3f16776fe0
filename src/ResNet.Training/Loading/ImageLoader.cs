using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ResNet.Imaging;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Training.Data;
using static TorchSharp.torch;

namespace ResNet.Training.Loading;

/// <summary>
/// Decodes images ahead of their use, on several threads, into the memory of a few batches, which is
/// reused. The images of a batch and their augmentation depend on the seed, the epoch and the sample's index
/// (or its place in the epoch, if images are drawn with replacement) only, never on the number of threads.
/// </summary>
public sealed class ImageLoader
{
    // Separates the streams of random numbers for different purposes.
    private const long OrderStream = 1;
    private const long AugmentationStream = 2;
    private const long DrawStream = 5;
    private const long DrawnImageStream = 6;

    private readonly IImageSource _source;
    private readonly int _count;
    private readonly PixelCache? _cache;
    private readonly Lazy<int[][]> _classes;
    private readonly LoaderShare _share = LoaderShare.Whole;
    private long _skipped;
    private ImageDecodingException? _lastSkipped;

    /// <summary>Makes a loader of images in files.</summary>
    /// <param name="samples">At least one; a shuffled loader needs at least <see cref="ImageLoaderOptions.BatchSize"/>.</param>
    /// <param name="transforms">The transforms of each image.</param>
    /// <param name="options">The options of batches.</param>
    /// <exception cref="DatasetException">There are too few samples.</exception>
    /// <exception cref="InvalidOptionException">
    /// A batch would be larger than 2 GiB, the transforms are for another number of channels, pixels should be kept although
    /// the transforms are random, or a sampler draws although the loader does not shuffle.
    /// </exception>
    public ImageLoader(IReadOnlyList<ImageSample> samples, Compose transforms, ImageLoaderOptions options)
        : this(new FileImageSource(samples ?? throw new ArgumentNullException(nameof(samples))), transforms, options)
    {
    }

    /// <summary>Makes a loader of the images of a folder, a pack, or a custom source.</summary>
    /// <param name="source">The images; a pack has to stay open while the loader is in use.</param>
    /// <param name="transforms">The transforms of each image.</param>
    /// <param name="options">The options of batches; the channels are the source's if the source has a fixed number.</param>
    /// <exception cref="DatasetException">There are too few images.</exception>
    /// <exception cref="InvalidOptionException">
    /// The source has another number of channels, a batch would be larger than 2 GiB, the transforms are for another number of channels,
    /// pixels should be kept although the transforms are random, or a sampler draws although the loader does not shuffle.
    /// </exception>
    public ImageLoader(IImageSource source, Compose transforms, ImageLoaderOptions options)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(transforms);
        ArgumentNullException.ThrowIfNull(options);
        (_source, _count, Transforms, Options) = (source, source.Count, transforms, options);
        if (source.Channels is { } channels)
            Require.That(
                options,
                options.Channels,
                options.Channels == channels,
                $"{channels}, the number of channels of {source}",
                nameof(options.Channels));
        Require.That(
            options, options.Sampler, options.Shuffle || options.Sampler == ImageSampler.Once,
            $"{nameof(ImageSampler.Once)} unless {nameof(options.Shuffle)} is true", nameof(options.Sampler));
        _classes = new Lazy<int[][]>(GroupByClass);
        if (options.PinMemory) Copy = images => images.pin_memory();
        Images = options.Shuffle ? _count - (_count % options.BatchSize) : _count;
        Batches = _share.Batches(Images, options.BatchSize);
        if (Batches < 1)
        {
            throw new DatasetException(
                $"There are {_count} images, too few for one batch of {options.BatchSize}: choose a smaller batch size.");
        }
        var (height, width) = transforms.Size;
        double most = Math.Floor(int.MaxValue / ((double)height * width * options.Channels));
        Require.That(
            options, options.BatchSize, options.BatchSize <= most,
            $"at most {most:0} for {options.Channels} channel(s) of {transforms.Size} pixels, since a batch is no larger than 2 GiB",
            nameof(options.BatchSize));
        foreach (var transform in transforms) transform.RequireChannels(options.Channels);
        if (transforms.FirstOrDefault(transform => transform.IsRandom) is { } random)
        {
            string accepted = $"0, since {random.GetType().Name} makes another image in each pass";
            Require.That(options, options.CacheBytes, options.CacheBytes == 0, accepted, nameof(options.CacheBytes));
        }
        _cache = options.CacheBytes > 0 ? new PixelCache(_count, options.CacheBytes) : null;
    }

    // The same images; those that it skips count here too.
    private ImageLoader(ImageLoader loader, Compose transforms, LoaderShare share)
        : this(loader._source, transforms, loader.Options)
    {
        (Copy, _share, Batches) = (loader.Copy, share, share.Batches(Images, Options.BatchSize));
        ImageSkipped += loader.Skip;
    }

    /// <summary>Raised for each skipped image when its batch is requested, on the thread that requests it.</summary>
    public event Action<ImageDecodingException>? ImageSkipped;

    /// <summary>The transforms of each image.</summary>
    public Compose Transforms { get; }

    /// <summary>The options of batches.</summary>
    public ImageLoaderOptions Options { get; }

    /// <summary>The number of batches of an epoch.</summary>
    public int Batches { get; }

    /// <summary>
    /// The number of images of an epoch: all, or in a shuffling loader as many as fill whole batches. Skipped images count.
    /// </summary>
    public int Images { get; }

    /// <summary>The number of unreadable images that were skipped, in all batches so far.</summary>
    public long SkippedImages => Interlocked.Read(ref _skipped);

    /// <summary>The source of the images.</summary>
    internal IImageSource Source => _source;

    /// <summary>The number of processes that have a share of the images each.</summary>
    internal int Processes => _share.Processes;

    /// <summary>Copies batches for consumers; null to hand out the decoded memory itself.</summary>
    internal Func<Tensor, Tensor>? Copy { get; init; }

    /// <summary>The number of images of the smallest batch: the last one, if the samples do not fill it.</summary>
    internal int SmallestBatch => (Images % Options.BatchSize is var rest && rest > 0 ? rest : Options.BatchSize) / _share.Processes;

    /// <summary>Returns the batches of one epoch. Each is valid until the next is requested.</summary>
    /// <param name="epoch">The epoch's number, from 0.</param>
    /// <param name="cancellationToken">Stops the decoding.</param>
    /// <exception cref="DatasetException">A label is less than 0.</exception>
    /// <exception cref="ImageDecodingException">An image of the batch cannot be read.</exception>
    /// <exception cref="TransformException">
    /// A transform cannot process an image of the batch; such an image is not skipped.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IEnumerable<ImageBatch> Epoch(int epoch, CancellationToken cancellationToken = default) =>
        Epoch(epoch, firstBatch: 0, cancellationToken);

    /// <summary>Returns the batches of one epoch from a given batch on: the same batches as at the end of a whole epoch.</summary>
    /// <param name="epoch">The epoch's number, from 0.</param>
    /// <param name="firstBatch">The first batch, from 0 to <see cref="Batches"/>, which returns no batches.</param>
    /// <param name="cancellationToken">Stops the decoding.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="epoch"/> is negative, or <paramref name="firstBatch"/> is not a batch of the epoch.
    /// </exception>
    /// <exception cref="DatasetException">A label is less than 0.</exception>
    /// <exception cref="ImageDecodingException">An image of the batch cannot be read.</exception>
    /// <exception cref="TransformException">
    /// A transform cannot process an image of the batch; such an image is not skipped.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IEnumerable<ImageBatch> Epoch(int epoch, int firstBatch, CancellationToken cancellationToken = default) =>
        Epoch(epoch, firstBatch, listener: null, cancellationToken);

    /// <summary>Returns the batches, too, and tells a listener of decoded images.</summary>
    internal IEnumerable<ImageBatch> Epoch(int epoch, int firstBatch, DecodingListener? listener, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        if (firstBatch < 0 || firstBatch > Batches)
            throw new ArgumentOutOfRangeException(nameof(firstBatch), firstBatch, $"An epoch has the batches 0 to {Batches - 1}.");
        return Run();

        IEnumerable<ImageBatch> Run()
        {
            var order = Order(epoch);
            int[] labels = new int[_share.OfEpoch(order.Length)];
            for (int place = 0; place < labels.Length; place++) labels[place] = Label(order[PositionOf(place)]);
            if (labels.Length == 0) yield break;
            int ofBatch = _share.OfBatch(Options.BatchSize);
            using var pipeline = new DecodingPipeline(
                ofBatch == Options.BatchSize ? Options : Options with { BatchSize = ofBatch }, Transforms, labels, firstBatch,
                () => new ImageWorker(_source, Transforms, Options.Channels, _cache),
                (worker, place, pixels) =>
                {
                    int position = PositionOf(place);
                    worker.Decode(order[position], RandomOf(epoch, position, order[position]), pixels);
                },
                Copy, listener);
            for (int batch = firstBatch; batch < Batches && batch * ofBatch < labels.Length; batch++)
            {
                var taken = pipeline.Take(batch, cancellationToken);
                foreach (var skipped in taken.Skipped) Skip(skipped);
                // Other processes may have images of this batch.
                if (taken.Count > 0 || _share is { IsPart: true, DividesBatches: true }) yield return taken;
            }
            pipeline.Complete();
        }
    }

    /// <summary>
    /// Decodes the first images of an epoch's first batch again, and the last one, which <see cref="Transforms.BatchTransform"/> mixes with
    /// the first one. Images that cannot be read are left out, as in the batch, but not counted again.
    /// </summary>
    /// <param name="epoch">The epoch's number, from 0.</param>
    /// <param name="count">The maximum number of first images.</param>
    /// <returns>The images, whose tensors belong to the current dispose scope; null if none of them can be read.</returns>
    internal ImageBatch? Peek(int epoch, int count)
    {
        var order = Order(epoch);
        int batchSize = Math.Min(Options.BatchSize, order.Length);
        var pixels = new List<byte[]>();
        var positions = new List<int>();
        var erasures = new List<(int, Erasure)>();
        using var worker = new ImageWorker(_source, Transforms, Options.Channels, cache: null);
        int next = 0;
        while (next < batchSize && pixels.Count < count) TryDecode(next++);
        for (int last = batchSize - 1; last >= next && !TryDecode(last); last--) { }
        if (pixels.Count == 0) return null;
        var (height, width) = Transforms.Size;
        var images = tensor(pixels.SelectMany(image => image).ToArray(), [pixels.Count, height, width, Options.Channels]);
        var labels = tensor(positions.Select(position => (long)Label(order[position])).ToArray());
        return new ImageBatch(0, images, labels, positions, Transforms.Normalize, erasures, skipped: []);

        bool TryDecode(int position)
        {
            var image = new byte[checked(Transforms.Size.Height * Transforms.Size.Width * Options.Channels)];
            try
            {
                worker.Decode(order[position], RandomOf(epoch, position, order[position]), image);
            }
            catch (Exception failure) when (failure is ImageDecodingException or TransformException)
            {
                return false;
            }
            foreach (var erasure in worker.Erasures) erasures.Add((pixels.Count, erasure));
            pixels.Add(image);
            positions.Add(position);
            return true;
        }
    }

    /// <summary>Returns a text that differs for other images: for other labels, and for other names within their folders.</summary>
    internal string Digest()
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < _count; i++)
            digest.AppendData(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"{_source.Label(i)} {Path.GetFileName(_source.Name(i))}\n")));
        return Convert.ToHexString(digest.GetHashAndReset());
    }

    /// <summary>Returns the error of an epoch whose images were all skipped.</summary>
    internal DatasetException NothingRead() =>
        new($"None of the {Images} images can be read; the last one: {_lastSkipped?.Message}");

    /// <summary>Counts images that other processes skipped.</summary>
    internal void CountSkipped(long images) => Interlocked.Add(ref _skipped, images);

    /// <summary>Returns a loader of the same images in another size; images that it skips count here too.</summary>
    internal ImageLoader AtHeight(int height)
    {
        if (height == Transforms.Size.Height) return this;
        return new ImageLoader(this, Transforms.AtHeight(height), _share);
    }

    /// <summary>
    /// Returns a loader of the share of each batch that one of several processes takes. Batches keep their number, and images their
    /// augmentation; a batch may be empty, if none of its images could be read.
    /// </summary>
    /// <exception cref="InvalidOptionException">The batches, which all have to be whole, cannot be divided.</exception>
    internal ImageLoader ShareOf(int rank, int processes)
    {
        Options.ThrowIfUndividable(processes);
        Require.That(
            Options, Options.Shuffle, Options.Shuffle || _count % Options.BatchSize == 0,
            $"true, since several processes divide whole batches, and the last of {_count} images would be none", nameof(Options.Shuffle));
        return new ImageLoader(this, Transforms, new LoaderShare(rank, processes, DividesBatches: true));
    }

    /// <summary>
    /// Returns a loader of the images that one of several processes takes in an evaluation, whose number need not fill batches. The loaders
    /// of all processes have as many <see cref="Batches"/>, of which the last ones may be missing.
    /// </summary>
    internal ImageLoader EveryOf(int rank, int processes) =>
        new(this, Transforms, new LoaderShare(rank, processes, DividesBatches: false));

    /// <summary>The position in the whole epoch of the image at a position of this loader's batches.</summary>
    internal int PositionOf(int place) => _share.PositionOf(place, Options.BatchSize);

    // An image that is drawn several times is augmented in a different way each time.
    private SplitMix64 RandomOf(int epoch, int position, int index) => Options.Sampler == ImageSampler.Balanced
        ? SplitMix64.For(Options.Seed, DrawnImageStream, epoch, position)
        : SplitMix64.For(Options.Seed, AugmentationStream, epoch, index);

    private int Label(int index) => _source.Label(index) is >= 0 and var label
        ? label
        : throw new DatasetException(
            $"The image '{_source.Name(index)}' has the label {_source.Label(index)}, but labels have to be at least 0.");

    private void Skip(ImageDecodingException failure)
    {
        Interlocked.Increment(ref _skipped);
        _lastSkipped = failure;
        ImageSkipped?.Invoke(failure);
    }

    /// <summary>Returns the index of the sample at each position of an epoch.</summary>
    internal int[] Order(int epoch)
    {
        if (Options.Sampler == ImageSampler.Balanced) return Draw(epoch);
        var order = new int[_count];
        for (int i = 0; i < order.Length; i++) order[i] = i;
        if (!Options.Shuffle) return order;
        var random = SplitMix64.For(Options.Seed, OrderStream, epoch);
        random.Shuffle(order);
        return order[..Images];
    }

    private int[] Draw(int epoch)
    {
        var random = SplitMix64.For(Options.Seed, DrawStream, epoch);
        var drawn = new int[Images];
        for (int i = 0; i < drawn.Length; i++)
        {
            var members = _classes.Value[random.NextInt(_classes.Value.Length)];
            drawn[i] = members[random.NextInt(members.Length)];
        }
        return drawn;
    }

    // The images of each class that has any, in the order of the classes.
    private int[][] GroupByClass() =>
        [.. Enumerable.Range(0, _count).GroupBy(Label).OrderBy(images => images.Key).Select(images => images.ToArray())];
}
