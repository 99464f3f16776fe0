using ResNet.Imaging;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Training.Data;

namespace ResNet.Training.Loading;

/// <summary>Reads and transforms images on one thread.</summary>
internal sealed class ImageWorker(IImageSource source, Compose transforms, int channels, PixelCache? cache) : IDisposable
{
    private readonly IImageReader _reader = source.OpenReader(channels)
        ?? throw new InvalidOperationException($"{source.GetType()}.OpenReader gave null.");
    private readonly Canvas _canvas = new();

    /// <summary>The rectangle to erase from the last decoded image.</summary>
    public IReadOnlyList<Erasure> Erasures => _canvas.Erasures;

    /// <summary>Writes an image's pixels <c>[H, W, C]</c>.</summary>
    /// <exception cref="ImageDecodingException">The image cannot be read.</exception>
    /// <exception cref="TransformException">A transform cannot process the image.</exception>
    public void Decode(int index, SplitMix64 random, Span<byte> pixels)
    {
        if (cache?.TryRead(index, pixels) == true) return;
        try
        {
            transforms.Apply(Open(index), _canvas, random, pixels);
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

    private IPixelSource Open(int index)
    {
        var image = _reader.Open(index);
        if (image.Channels != channels || image.Width < 1 || image.Height < 1 || (long)image.Width * image.Height > ImageDecoder.MaxPixels)
        {
            throw new InvalidOperationException(
                $"{_reader.GetType()} opened '{source.Name(index)}' with {image.Width} × {image.Height} pixels "
                + $"of {image.Channels} channel(s), but images "
                + $"have to have {channels}, and from 1 to {ImageDecoder.MaxPixels:N0} pixels.");
        }
        return image;
    }
}
