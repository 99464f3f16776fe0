using ResNet.Imaging;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Loading;

/// <summary>A folder of small pictures, alternately PNG and JPEG, whose labels are their numbers.</summary>
internal sealed class LoaderPictures : IDisposable
{
    public static readonly Compose Plain = new(new Resize(new ImageSize(16)), Normalize.ImageNet);

    private readonly TemporaryFolder _folder = new();

    public LoaderPictures(int count) => Samples = [.. Enumerable.Range(0, count).Select(Picture)];

    public IReadOnlyList<ImageSample> Samples { get; }

    public void Dispose() => _folder.Dispose();

    /// <summary>Makes an image unreadable.</summary>
    public void Spoil(int index) => File.WriteAllBytes(Samples[index].Path, [1, 2, 3]);

    public void Delete(int index) => File.Delete(Samples[index].Path);

    public ImageLoader Loader(ImageLoaderOptions options, Compose? transforms = null) => new(Samples, transforms ?? Plain, options);

    /// <summary>Returns the index, labels and input of each batch of an epoch.</summary>
    public static List<(int Index, long[] Labels, float[] Input)> Epoch(ImageLoader loader, int epoch = 0, int firstBatch = 0)
    {
        var batches = new List<(int, long[], float[])>();
        foreach (var batch in loader.Epoch(epoch, firstBatch))
        {
            using var scope = NewDisposeScope();
            batches.Add((batch.Index, batch.Labels.data<long>().ToArray(), batch.ToInput(CPU).contiguous().data<float>().ToArray()));
        }
        return batches;
    }

    public static void ShouldBeEqual(
        List<(int Index, long[] Labels, float[] Input)> batches, IEnumerable<(int Index, long[] Labels, float[] Input)> expected)
    {
        batches.Select(batch => batch.Index).Should().Equal(expected.Select(batch => batch.Index));
        foreach (var (batch, other) in batches.Zip(expected))
        {
            batch.Labels.Should().Equal(other.Labels);
            batch.Input.AsSpan().SequenceEqual(other.Input).Should().BeTrue("batch {0} should have the same pixels", batch.Index);
        }
    }

    private ImageSample Picture(int i)
    {
        var random = new Random(i);
        var file = i % 2 == 0
            ? RandomJpeg.Draw(random, JpegContents.Photograph)
            : PngEncoder.Encode(Motif.Pixels(20 + i, 30, 3), 20 + i, 30, 3);
        return new ImageSample(_folder.Write($"{i:000}", file), i);
    }
}
