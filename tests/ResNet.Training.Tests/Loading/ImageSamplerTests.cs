using ResNet.Imaging.Transforms;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;

namespace ResNet.Training.Tests.Loading;

public sealed class ImageSamplerTests : IDisposable
{
    private const int Images = 40;

    private static readonly ImageLoaderOptions s_options =
        new() { BatchSize = 6, Shuffle = true, Sampler = ImageSampler.Balanced, Seed = 3 };

    private readonly LoaderPictures _pictures = new(Images);
    private readonly IReadOnlyList<ImageSample> _samples;

    // Class 0 has 36 images, class 2 has 3, class 5 has 1, and the others have none.
    public ImageSamplerTests() => _samples =
        [.. _pictures.Samples.Select((sample, i) => new ImageSample(sample.Path, i < 36 ? 0 : i < 39 ? 2 : 5))];

    public void Dispose() => _pictures.Dispose();

    [Fact]
    public void Classes_and_the_images_of_a_class_are_drawn_equally_often()
    {
        var loader = Loader(s_options);
        var drawn = Enumerable.Range(0, 500).SelectMany(loader.Order).ToList();
        drawn.Should().HaveCount(500 * 36, "an epoch is as long as without a sampler");
        int[] images = [.. Enumerable.Range(0, Images).Select(i => drawn.Count(index => index == i))];
        // A third of 18,000 draws is 6,000, with a standard deviation of 63; a range of five deviations.
        int[] classes = [images[..36].Sum(), images[36..39].Sum(), images[39]];
        classes.Should().OnlyContain(count => Math.Abs(count - 6000) < 316);
        // 167 draws of each image of class 0, with a standard deviation of 13, and 2,000 of class 2, with one of 42.
        images[..36].Should().OnlyContain(count => Math.Abs(count - 167) < 65);
        images[36..39].Should().OnlyContain(count => Math.Abs(count - 2000) < 211);
    }

    [Fact]
    public void Draws_depend_on_seed_and_epoch_alone()
    {
        Loader(s_options).Order(4).Should().Equal(Loader(s_options with { Workers = 1 }).Order(4));
        Loader(s_options).Order(4).Should().NotEqual(Loader(s_options).Order(5));
        Loader(s_options).Order(4).Should().NotEqual(Loader(s_options with { Seed = 4 }).Order(4));
    }

    [Fact]
    public void A_seed_draws_the_same_images_in_every_version() =>
        Loader(s_options).Order(1)[..12].Should().Equal(9, 39, 15, 14, 39, 19, 37, 6, 36, 27, 39, 39);

    [Fact]
    public void An_epoch_from_any_batch_on_is_the_rest_of_the_whole_one_whatever_the_workers()
    {
        var transforms = Presets.Training(16, policy: new TrivialAugmentWide(), randomErasing: 0.7);
        var whole = LoaderPictures.Epoch(Loader(s_options with { Workers = 1 }, transforms), epoch: 2);
        whole.Should().HaveCount(6);
        var loader = Loader(s_options with { Workers = 3 }, transforms);
        for (int first = 0; first <= 6; first++)
            LoaderPictures.ShouldBeEqual(LoaderPictures.Epoch(loader, epoch: 2, first), whole.Skip(first));
    }

    [Fact]
    public void An_image_that_is_drawn_again_is_augmented_in_another_way()
    {
        var transforms = Presets.Training(16, policy: new TrivialAugmentWide(), randomErasing: 0.7);
        var options = s_options with { BatchSize = 1 };
        var batches = LoaderPictures.Epoch(Loader(options, transforms));
        // Class 5 has a single image.
        var same = batches.Where(batch => batch.Labels[0] == 5).Select(batch => batch.Input).ToList();
        same.Should().HaveCountGreaterThan(5);
        same.Select(input => string.Join(' ', input)).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Drawing_is_refused_where_the_order_is_that_of_the_samples()
    {
        var make = () => Loader(s_options with { Shuffle = false });
        make.Should().Throw<InvalidOptionException>()
            .WithMessage("ImageLoaderOptions.Sampler is Balanced, but has to be Once unless Shuffle is true.");
    }

    private ImageLoader Loader(ImageLoaderOptions options, Compose? transforms = null) =>
        new(_samples, transforms ?? LoaderPictures.Plain, options);
}
