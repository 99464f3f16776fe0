using ResNet.Training.Data;
using static TorchSharp.torch;

namespace ResNet.Training.Loading;

/// <summary>How images become batches. A bad value is refused when it is set.</summary>
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
    /// Whether each epoch has an order of its own (default: false, the order of the samples), and the last, smaller batch is left out.
    /// </summary>
    public bool Shuffle { get; init; }

    /// <summary>The source of order and augmentation, with the epoch and the sample's index. Default: 0.</summary>
    public long Seed { get; init; }

    /// <summary>Threads that decode, at least 1. Default: one a processor. The batches are the same whatever their number.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Workers
    {
        get;
        init => field = Require.AtLeast(this, value, 1);
    } = Environment.ProcessorCount;

    /// <summary>Batches that are decoded ahead of the one in use, at least 1. Default: 2.</summary>
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
    /// How many bytes of transformed pixels are kept from one pass to the next, so that an image need not be decoded again; for
    /// transforms without randomness, such as those of evaluation. Default: 0, none.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is negative.</exception>
    public long CacheBytes
    {
        get;
        init => field = Require.AtLeast(this, value, 0);
    }

    /// <summary>
    /// Whether batches are in page-locked memory, from which CUDA copies them while the processor goes on. Default: where there is CUDA.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is true, and there is no CUDA.</exception>
    public bool PinMemory
    {
        get;
        init => field = Require.That(this, value, !value || cuda.is_available(), "false, since there is no CUDA");
    } = cuda.is_available();
}
