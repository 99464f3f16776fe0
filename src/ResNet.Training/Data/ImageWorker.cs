using ResNet.Training.Data.Imaging;
using ResNet.Training.Data.Transforms;

namespace ResNet.Training.Data;

/// <summary>Reads and transforms images on one thread.</summary>
internal sealed class ImageWorker(IImageSource source, Compose transforms, int channels, PixelCache? cache) : IDisposable
{
    private readonly IImageReader _reader = source.OpenReader(channels);
    private readonly Canvas _canvas = new();

    /// <summary>What is to be erased of the image that was decoded last.</summary>
    public IReadOnlyList<Erasure> Erasures => _canvas.Erasures;

    /// <summary>Writes an image's pixels <c>[H, W, C]</c>.</summary>
    /// <exception cref="ImageDecodingException">It cannot be read.</exception>
    /// <exception cref="TransformException">A transform cannot do its work on it.</exception>
    public void Decode(int index, SplitMix64 random, Span<byte> pixels)
    {
        if (cache?.TryRead(index, pixels) == true) return;
        try
        {
            transforms.Apply(_reader.Open(index), _canvas, random, pixels);
        }
        catch (TransformException failure)
        {
            throw new TransformException(source.Name(index), failure.Reason, failure);
        }
        catch (OutOfMemoryException failure)
        {
            throw new ImageDecodingException(source.Name(index), "there is not enough memory for it", failure);
        }
        cache?.Keep(index, pixels);
    }

    public void Dispose() => _reader.Dispose();
}
