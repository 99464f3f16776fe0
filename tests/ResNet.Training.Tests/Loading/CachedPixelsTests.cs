using ResNet.Imaging;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;

namespace ResNet.Training.Tests.Loading;

public sealed class CachedPixelsTests : IDisposable
{
    private const int Images = 20;
    private const int ImageBytes = 16 * 16 * 3;

    private readonly LoaderPictures _pictures = new(Images);

    public void Dispose() => _pictures.Dispose();

    [Theory]
    [InlineData(1, false)]
    [InlineData(8, true)]
    public void A_second_pass_needs_no_files(int workers, bool shuffle)
    {
        var loader = _pictures.Loader(Caching(Images * ImageBytes) with { Workers = workers, Shuffle = shuffle });
        var (first, second) = (LoaderPictures.Epoch(loader, epoch: 0), LoaderPictures.Epoch(loader, epoch: 1));
        for (var i = 0; i < Images; i++) _pictures.Delete(i);
        LoaderPictures.ShouldBeEqual(LoaderPictures.Epoch(loader, epoch: 0), first);
        LoaderPictures.ShouldBeEqual(LoaderPictures.Epoch(loader, epoch: 1), second);
    }

    [Fact]
    public void No_more_is_kept_than_the_budget()
    {
        var loader = _pictures.Loader(Caching((Images / 2 * ImageBytes) + 5) with { OnUnreadableImage = OnUnreadableImage.Skip });
        var first = LoaderPictures.Epoch(loader);
        // An epoch that ends early does not use up the budget.
        for (var i = 0; i < 5; i++)
            foreach (var batch in loader.Epoch(0))
                if (batch.Index == 2) break;
        for (var i = 0; i < Images; i++) _pictures.Delete(i);
        var kept = LoaderPictures.Epoch(loader).SelectMany(batch => batch.Labels.Zip(batch.Input.Chunk(ImageBytes))).ToList();
        kept.Should().HaveCount(Images / 2);
        var all = first.SelectMany(batch => batch.Labels.Zip(batch.Input.Chunk(ImageBytes))).ToDictionary();
        kept.Should().OnlyContain(image => image.Second.SequenceEqual(all[image.First]));
    }

    [Fact]
    public void What_was_not_kept_fails_when_its_file_is_gone()
    {
        var loader = _pictures.Loader(Caching(Images / 2 * ImageBytes) with { Workers = 1 });
        LoaderPictures.Epoch(loader);
        for (var i = 0; i < Images; i++) _pictures.Delete(i);
        var epoch = () => LoaderPictures.Epoch(loader);
        epoch.Should().Throw<ImageDecodingException>().Which.Path.Should().Be(_pictures.Samples[Images / 2].Path);
    }

    [Fact]
    public void Two_passes_at_once_keep_each_image_once()
    {
        var loader = _pictures.Loader(Caching(Images * ImageBytes));
        Parallel.For(0, 4, _ => LoaderPictures.Epoch(loader));
        for (var i = 0; i < Images; i++) _pictures.Delete(i);
        LoaderPictures.Epoch(loader).SelectMany(batch => batch.Labels).Should().HaveCount(Images);
    }

    [Fact]
    public void Random_transforms_are_refused()
    {
        var make = () => _pictures.Loader(Caching(1), Presets.Training(16));
        make.Should().Throw<ArgumentException>()
            .WithMessage("ImageLoaderOptions.CacheBytes is 1, but has to be 0, since RandomResizedCrop makes another image in each pass.");
        var negative = () => Caching(-1);
        negative.Should().Throw<ArgumentException>().WithMessage("ImageLoaderOptions.CacheBytes is -1, but has to be at least 0.*");
    }

    private static ImageLoaderOptions Caching(long bytes) => new() { BatchSize = 4, CacheBytes = bytes };
}
