using ResNet.Imaging;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Inference;

namespace ResNet.Training.Classification;

/// <summary>Decoded pictures of a batch, and the reasons why others could not be decoded.</summary>
internal sealed class PictureBatch
{
    private readonly string[] _paths;
    private readonly Exception?[] _errors;

    private PictureBatch(string[] paths, Exception?[] errors, byte[][] pictures) =>
        (_paths, _errors, Count, Pixels) = (paths, errors, pictures.Length, Join(pictures));

    /// <summary>The number of decoded pictures.</summary>
    internal int Count { get; }

    /// <summary>The decoded pictures in their order, <c>[Count, H, W, C]</c>.</summary>
    internal byte[] Pixels { get; }

    /// <summary>Decodes and transforms pictures on several threads.</summary>
    internal static PictureBatch Decode(
        string[] paths, Compose transforms, int channels, int workers, CancellationToken cancellationToken)
    {
        var pictures = new byte[paths.Length][];
        var errors = new Exception?[paths.Length];
        var (height, width) = transforms.Size;
        using var readers = new ThreadLocal<ImageReader>(() => new ImageReader(channels), trackAllValues: true);
        try
        {
            Workers.For(paths.Length, workers, DecodeOne, cancellationToken);
        }
        finally
        {
            foreach (var reader in readers.Values) reader.Dispose();
        }
        return new PictureBatch(paths, errors, [.. pictures.Where(pixels => pixels is not null)]);

        void DecodeOne(int i)
        {
            byte[] pixels = new byte[height * width * channels];
            try
            {
                readers.Value!.Open(paths[i]);
                transforms.Apply(readers.Value, new Canvas(), SplitMix64.For(0), pixels);
                pictures[i] = pixels;
            }
            catch (ImageDecodingException unreadable)
            {
                errors[i] = unreadable;
            }
            catch (TransformException failure)
            {
                errors[i] = new TransformException(paths[i], failure.Reason, failure);
            }
        }
    }

    /// <summary>Returns the results of all pictures, in their order.</summary>
    /// <param name="predictions">Those of the decoded pictures.</param>
    internal IReadOnlyList<ClassifiedPicture> Merge(IReadOnlyList<IReadOnlyList<Prediction>> predictions)
    {
        int next = 0;
        return [.. _paths.Select((path, i) => new ClassifiedPicture(path, _errors[i] is null ? predictions[next++] : [], _errors[i]))];
    }

    private static byte[] Join(byte[][] pictures)
    {
        var all = new byte[pictures.Sum(pixels => (long)pixels.Length)];
        int next = 0;
        foreach (byte[] pixels in pictures)
        {
            pixels.CopyTo(all, next);
            next += pixels.Length;
        }
        return all;
    }
}
