using ResNet.Imaging.Transforms;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;

namespace ResNet.Training.Tests.Loading;

public sealed class ImageLoaderOrderTests : IDisposable
{
    private static readonly Compose s_random = Presets.Training(16, policy: new TrivialAugmentWide(), randomErasing: 0.7);

    private readonly LoaderPictures _pictures = new(47);

    public void Dispose() => _pictures.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_epoch_from_any_batch_on_is_the_rest_of_the_whole_one_whatever_the_workers(bool shuffle)
    {
        var options = new ImageLoaderOptions { BatchSize = 6, Shuffle = shuffle, Seed = 3, Workers = 1 };
        var whole = LoaderPictures.Epoch(_pictures.Loader(options, s_random), epoch: 2);
        foreach (var workers in new[] { 1, 2, 8 })
        {
            var loader = _pictures.Loader(options with { Workers = workers, Ahead = 1 + (workers % 3) }, s_random);
            whole.Should().HaveCount(loader.Batches);
            for (var first = 0; first <= loader.Batches; first++)
                LoaderPictures.ShouldBeEqual(LoaderPictures.Epoch(loader, epoch: 2, first), whole.Skip(first));
        }
    }

    [Fact]
    public void Batches_that_are_copied_for_another_device_are_the_same()
    {
        var options = new ImageLoaderOptions { BatchSize = 6, Workers = 4, OnUnreadableImage = OnUnreadableImage.Skip };
        _pictures.Spoil(7);
        for (var i = 12; i < 18; i++) _pictures.Spoil(i);
        var expected = LoaderPictures.Epoch(_pictures.Loader(options, s_random));
        var copies = 0;
        var loader = new ImageLoader(_pictures.Samples, s_random, options)
        {
            Copy = tensor =>
            {
                Interlocked.Increment(ref copies);
                return tensor.clone();
            },
        };
        LoaderPictures.ShouldBeEqual(LoaderPictures.Epoch(loader), expected);
        copies.Should().Be(2 * 7, "the images and the labels of each batch that has any are copied once");
    }

    [Theory]
    [InlineData(1, 8, 16)]
    [InlineData(3, 8, 2)]
    [InlineData(5, 1, 64)]
    public void There_may_be_fewer_images_than_workers_or_than_a_batch_has(int images, int batchSize, int workers)
    {
        using var pictures = new LoaderPictures(images);
        var batches = LoaderPictures.Epoch(pictures.Loader(new ImageLoaderOptions { BatchSize = batchSize, Workers = workers, Ahead = 9 }));
        batches.SelectMany(batch => batch.Labels).Should().Equal(Enumerable.Range(0, images).Select(i => (long)i));
    }

    [Fact]
    public void Page_locked_memory_is_refused_where_there_is_no_CUDA()
    {
        new ImageLoaderOptions().PinMemory.Should().Be(TorchSharp.torch.cuda.is_available());
        if (TorchSharp.torch.cuda.is_available()) return;
        var make = () => new ImageLoaderOptions { PinMemory = true };
        make.Should().Throw<ArgumentException>()
            .WithMessage("ImageLoaderOptions.PinMemory is true, but has to be false, since there is no CUDA.");
    }
}
