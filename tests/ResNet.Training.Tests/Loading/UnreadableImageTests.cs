using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;

namespace ResNet.Training.Tests.Loading;

public sealed class UnreadableImageTests : IDisposable
{
    private static readonly int[] s_bad = [0, 3, 4, 11, 20, 21, 22, 23, 24, 30];

    private readonly LoaderPictures _pictures = new(32);

    public UnreadableImageTests()
    {
        foreach (var index in s_bad) _pictures.Spoil(index);
    }

    public void Dispose() => _pictures.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Skipped_images_are_left_out_and_the_others_stay_in_their_order_with_their_labels(int workers)
    {
        var loader = _pictures.Loader(Skipping(workers));
        var taken = new List<(int Index, int Count, int Skipped)>();
        var (labels, reasons) = (new List<long>(), new List<string>());
        foreach (var batch in loader.Epoch(0))
        {
            taken.Add((batch.Index, batch.Count, batch.Skipped.Count));
            batch.Images.size(0).Should().Be(batch.Count);
            labels.AddRange(batch.Labels.data<long>().ToArray());
            reasons.AddRange(batch.Skipped.Select(failure => failure.Path));
        }
        // All images of the fifth batch, 20 to 24, are bad.
        taken.Should().Equal((0, 2, 3), (1, 5, 0), (2, 4, 1), (3, 5, 0), (5, 5, 0), (6, 1, 1));
        labels.Should().Equal(Enumerable.Range(0, 32).Except(s_bad).Select(i => (long)i));
        reasons.Should().Equal(s_bad.Except([20, 21, 22, 23, 24]).Select(Path));
        loader.SkippedImages.Should().Be(10);
        foreach (var _ in loader.Epoch(0)) { }
        loader.SkippedImages.Should().Be(20);
    }

    [Fact]
    public void The_images_that_are_left_are_transformed_as_if_none_were_missing()
    {
        var transforms = Presets.Training(16, randomErasing: 0.8);
        using var whole = new LoaderPictures(32);
        var expected = LoaderPictures.Epoch(whole.Loader(Skipping(2), transforms))
            .SelectMany(Images)
            .Where(image => !s_bad.Contains((int)image.Label))
            .ToList();
        var images = LoaderPictures.Epoch(_pictures.Loader(Skipping(3), transforms)).SelectMany(Images).ToList();
        images.Select(image => image.Label).Should().Equal(expected.Select(image => image.Label));
        images.Zip(expected).Should().OnlyContain(pair => pair.First.Input.SequenceEqual(pair.Second.Input));

        static IEnumerable<(long Label, float[] Input)> Images((int Index, long[] Labels, float[] Input) batch) =>
            batch.Labels.Zip(batch.Input.Chunk(batch.Input.Length / batch.Labels.Length));
    }

    [Fact]
    public void The_first_failure_of_the_epochs_order_is_reported_whatever_the_workers()
    {
        var options = new ImageLoaderOptions { BatchSize = 20, Seed = 1, Shuffle = true };
        string? first = null;
        foreach (var workers in new[] { 1, 2, 8, 8, 8 })
        {
            var epoch = () => LoaderPictures.Epoch(_pictures.Loader(options with { Workers = workers }));
            var failure = epoch.Should().Throw<ImageDecodingException>().Which;
            first ??= failure.Path;
            failure.Path.Should().Be(first);
            failure.Message.Should().Contain(first);
        }
    }

    [Theory]
    [InlineData(OnUnreadableImage.Fail)]
    [InlineData(OnUnreadableImage.Skip)]
    public void An_image_too_small_for_a_transform_is_no_unreadable_one(OnUnreadableImage policy)
    {
        using var pictures = new LoaderPictures(8);
        // One of the JPEG files is smaller than 24 pixels, and all others are padded or large enough.
        var transforms = new Compose(new RandomCrop(24));
        var loader = pictures.Loader(new ImageLoaderOptions { BatchSize = 8, OnUnreadableImage = policy }, transforms);
        var small = pictures.Samples.Where(sample => Side(sample.Path) < 24).Select(sample => sample.Path).ToList();
        small.Should().NotBeEmpty();
        var epoch = () => LoaderPictures.Epoch(loader);
        epoch.Should().Throw<TransformException>().Which.Path.Should().Be(small[0]);

        static int Side(string path)
        {
            using var image = ImageDecoder.Open(path, 3);
            return Math.Min(image.Width, image.Height);
        }
    }

    private string Path(int index) => _pictures.Samples[index].Path;

    private static ImageLoaderOptions Skipping(int workers) =>
        new() { BatchSize = 5, Workers = workers, OnUnreadableImage = OnUnreadableImage.Skip };
}
