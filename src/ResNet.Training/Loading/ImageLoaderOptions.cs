using ResNet.Training.Data;
using static TorchSharp.torch;

namespace ResNet.Training.Loading;

/// <summary>The options of a loader's batches. A bad value is refused when it is set.</summary>
public sealed record ImageLoaderOptions
{
    /// <summary>Images of a batch, at least 1. Default: 128.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int BatchSize
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 128;

    /// <summary>3 for colour, 1 for grey; pictures of the other kind are converted. Default: 3.</summary>
    /// <exception cref="InvalidOptionException">The value is neither 1 nor 3.</exception>
    public int Channels
    {
        get;
        init => field = Require.Channels(this, value);
    } = 3;

    /// <summary>
    /// Whether each epoch has its own random order and omits the last, smaller batch. Default: false, the order of the samples.
    /// </summary>
    public bool Shuffle { get; init; }

    /// <summary>The choice of the images of an epoch. Default: <see cref="ImageSampler.Once"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="ImageSampler"/>.</exception>
    public ImageSampler Sampler
    {
        get;
        init => field = Require.Defined(this, value);
    }

    /// <summary>The seed of order and augmentation, together with the epoch and the sample's index or the draw. Default: 0.</summary>
    public long Seed { get; init; }

    /// <summary>The number of decoding threads, at least 1. Default: one per processor. The batches do not depend on it.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Workers
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = Environment.ProcessorCount;

    /// <summary>The number of batches decoded ahead of the batch in use, at least 1. Default: 2.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Ahead
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = 2;

    /// <summary>The treatment of images that cannot be read. Default: <see cref="OnUnreadableImage.Fail"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="Data.OnUnreadableImage"/>.</exception>
    public OnUnreadableImage OnUnreadableImage
    {
        get;
        init => field = Require.Defined(this, value);
    }

    /// <summary>
    /// The number of bytes of transformed pixels to keep from one pass to the next, to avoid decoding images again; for
    /// transforms without randomness, such as those of evaluation. Default: 0, none.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is negative.</exception>
    public long CacheBytes
    {
        get;
        init => field = Require.AtLeast(this, value, 0);
    }

    /// <summary>
    /// Whether batches are in page-locked memory, which CUDA copies asynchronously. Default: true if CUDA is available.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is true, and CUDA is not available.</exception>
    public bool PinMemory
    {
        get;
        init => field = Require.That(this, value, !value || cuda.is_available(), "false, since there is no CUDA");
    } = cuda.is_available();

    /// <summary>Throws if several processes cannot divide a batch.</summary>
    /// <exception cref="InvalidOptionException">The batch size is no multiple of their number.</exception>
    internal void ThrowIfUndividable(int processes) => Require.That(
        this, BatchSize, BatchSize % processes == 0, $"a multiple of {processes}, the number of processes", nameof(BatchSize));
}
