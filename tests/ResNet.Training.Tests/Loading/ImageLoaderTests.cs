using ResNet.Imaging;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Loading;

public sealed class ImageLoaderTests : IDisposable
{
    private static readonly Compose s_whole = new(new CenterCrop(20));

    private readonly TemporaryFolder _folder = new();
    private readonly List<ImageSample> _samples;

    public ImageLoaderTests() => _samples = [.. Enumerable.Range(0, 53).Select(Picture)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Augmentation.None)]
    [InlineData(Augmentation.Flip)]
    [InlineData(Augmentation.ShiftAndFlip)]
    [InlineData(Augmentation.CropAndFlip)]
    public void One_two_and_eight_workers_make_the_same_batches(Augmentation augmentation)
    {
        var transforms = augmentation.Transforms(16, 18, Normalize.ImageNet);
        var options = new ImageLoaderOptions { BatchSize = 8, Shuffle = true, Seed = 11 };
        var (pixels, labels) = (Pixels(options with { Workers = 1 }, epoch: 3, transforms), Labels(options with { Workers = 1 }, epoch: 3));
        foreach (var other in new[] { options with { Workers = 2 }, options with { Workers = 8, Ahead = 1 } })
        {
            Pixels(other, epoch: 3, transforms).Should().Equal(pixels);
            Labels(other, epoch: 3).Should().Equal(labels);
        }
    }

    [Fact]
    public void Each_epoch_and_each_seed_has_an_order_of_its_own_with_every_image_once()
    {
        var options = new ImageLoaderOptions { BatchSize = 1, Channels = 1, Shuffle = true, Seed = 1 };
        var first = Labels(options, epoch: 0);
        first.Should().BeEquivalentTo(Enumerable.Range(0, 53).Select(i => (long)i)).And.NotBeInAscendingOrder();
        Labels(options, epoch: 0).Should().Equal(first);
        Labels(options, epoch: 1).Should().BeEquivalentTo(first).And.NotEqual(first);
        Labels(options with { Seed = 2 }, epoch: 0).Should().BeEquivalentTo(first).And.NotEqual(first);
    }

    [Fact]
    public void Without_shuffling_the_order_is_the_samples_and_the_last_batch_is_smaller()
    {
        var loader = new ImageLoader(_samples, s_whole, new ImageLoaderOptions { BatchSize = 10 });
        loader.Batches.Should().Be(6);
        loader.Images.Should().Be(53);
        loader.Epoch(0).Select(batch => (batch.Index, batch.Count)).Should().Equal((0, 10), (1, 10), (2, 10), (3, 10), (4, 10), (5, 3));
        Labels(loader.Options, epoch: 0).Should().BeInAscendingOrder();
    }

    [Fact]
    public void With_shuffling_only_whole_batches_are_made()
    {
        var loader = new ImageLoader(_samples, s_whole, new ImageLoaderOptions { BatchSize = 10, Shuffle = true });
        loader.Images.Should().Be(50);
        loader.Epoch(0).Select(batch => batch.Count).Should().Equal(10, 10, 10, 10, 10);
    }

    [Fact]
    public void Pixels_arrive_as_they_were_written()
    {
        var loader = new ImageLoader(_samples, s_whole, new ImageLoaderOptions { BatchSize = 53 });
        foreach (var batch in loader.Epoch(0))
        {
            batch.Images.shape.Should().Equal(53, 20, 20, 3);
            batch.Images.dtype.Should().Be(ScalarType.Byte);
            var pixels = batch.Images.bytes.ToArray();
            for (int i = 0; i < 53; i++) pixels.AsSpan(i * 1200, 1200).SequenceEqual(Pixels(i)).Should().BeTrue();
        }
    }

    [Fact]
    public void Mirroring_swaps_left_and_right_and_keeps_the_channels()
    {
        var options = new ImageLoaderOptions { BatchSize = 53, Seed = 4 };
        var plain = Pixels(options, 0);
        var mirrored = Pixels(options, 0, new Compose(s_whole.Append(new RandomHorizontalFlip())));
        int flipped = 0;
        for (int i = 0; i < 53; i++)
        {
            bool same = true, reversed = true;
            for (int y = 0; y < 20; y++)
            {
                for (int x = 0; x < 20; x++)
                {
                    for (int c = 0; c < 3; c++)
                    {
                        byte value = mirrored[Offset(i, y, x, c)];
                        same &= value == plain[Offset(i, y, x, c)];
                        reversed &= value == plain[Offset(i, y, 19 - x, c)];
                    }
                }
            }
            (same ^ reversed).Should().BeTrue();
            if (reversed) flipped++;
        }
        flipped.Should().BeInRange(12, 41, "about half of 53 pictures are mirrored");

        static int Offset(int image, int y, int x, int channel) => (((((image * 20) + y) * 20) + x) * 3) + channel;
    }

    [Fact]
    public void An_unreadable_image_stops_the_epoch_at_its_batch_with_its_path()
    {
        File.WriteAllBytes(_samples[25].Path, File.ReadAllBytes(_samples[25].Path)[..60]);
        var loader = new ImageLoader(_samples, s_whole, new ImageLoaderOptions { BatchSize = 10 });
        var taken = new List<int>();
        var epoch = () =>
        {
            foreach (var batch in loader.Epoch(0)) taken.Add(batch.Index);
        };
        epoch.Should().Throw<ImageDecodingException>().Which.Path.Should().Be(_samples[25].Path);
        taken.Should().Equal(0, 1);
    }

    [Fact]
    public void Leaving_an_epoch_early_leaves_no_thread_and_no_tensor_behind()
    {
        long tensors = LiveTensors.Count();
        for (int i = 0; i < 20; i++)
        {
            foreach (var _ in new ImageLoader(_samples, s_whole, new ImageLoaderOptions { BatchSize = 4, Workers = 4 }).Epoch(i)) break;
        }
        Tensor.TotalCount.Should().Be(tensors);
        System.Diagnostics.Process.GetCurrentProcess().Threads.Count.Should().BeLessThan(80);
    }

    [Fact]
    public void Cancelling_stops_the_epoch_before_its_next_batch()
    {
        using var cancellation = new CancellationTokenSource();
        var loader = new ImageLoader(_samples, s_whole, new ImageLoaderOptions { BatchSize = 4 });
        var taken = new List<int>();
        var epoch = () =>
        {
            foreach (var batch in loader.Epoch(0, cancellation.Token))
            {
                taken.Add(batch.Index);
                if (batch.Index == 2) cancellation.Cancel();
            }
        };
        epoch.Should().Throw<OperationCanceledException>();
        taken.Should().Equal(0, 1, 2);
    }

    [Fact]
    public void Too_few_images_for_a_batch_are_refused()
    {
        var make = () => new ImageLoader(_samples, s_whole, new ImageLoaderOptions { BatchSize = 54, Shuffle = true });
        make.Should().Throw<DatasetException>()
            .WithMessage("There are 53 images, too few for one batch of 54: choose a smaller batch size.");
    }

    [Fact]
    public void Bad_options_are_refused_with_their_names()
    {
        Refusal(() => new ImageLoaderOptions { BatchSize = 0 })
            .Should().StartWith("ImageLoaderOptions.BatchSize is 0, but has to be at least 1.");
        Refusal(() => new ImageLoaderOptions { Channels = 2 })
            .Should().StartWith("ImageLoaderOptions.Channels is 2, but has to be 1 (grey) or 3 (colour).");
        Refusal(() => new ImageLoader(_samples, Presets.Evaluation(30_000), new ImageLoaderOptions { BatchSize = 50 }))
            .Should().StartWith(
                "ImageLoaderOptions.BatchSize is 50, but has to be at most 0 for 3 channel(s) of 30000 × 30000 pixels, "
                + "since a batch is no larger than 2 GiB.");
        Refusal(() => new ImageLoaderOptions { Workers = -1 }).Should().StartWith("ImageLoaderOptions.Workers is -1");
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(int.MaxValue - 2)]
    public void As_many_batches_ahead_as_there_are_can_be_asked_for(int ahead)
    {
        var loader = new ImageLoader(_samples, s_whole, new ImageLoaderOptions { BatchSize = 10, Ahead = ahead });
        loader.Epoch(0).Sum(batch => batch.Count).Should().Be(53);
    }

    [Fact]
    public void Numbers_for_other_channels_are_refused_before_anything_is_read()
    {
        var erasing = new Compose(new CenterCrop(20), Normalize.ImageNet, new RandomErasing { Value = [1, 2] });
        Refusal(() => new ImageLoader(_samples, erasing, new ImageLoaderOptions { BatchSize = 10 }))
            .Should().StartWith("RandomErasing.Value is [1, 2], but has to be one number, or one of each channel, of which images have 3.");
        Refusal(() => new ImageLoader(_samples, Presets.Evaluation(20), new ImageLoaderOptions { BatchSize = 10, Channels = 1 }))
            .Should().StartWith("Normalize.Mean is [0.485, 0.456, 0.406], but has to be one number for each of the images' 1 channel(s).");
    }

    [Fact]
    public void An_image_that_resizing_makes_too_large_is_named()
    {
        File.WriteAllBytes(_samples[7].Path, PngEncoder.Encode(new byte[60_000], 1, 60_000, channels: 1));
        var transforms = new Compose(new Resize(256), new TrivialAugmentWide(), new CenterCrop(20));
        var loader = new ImageLoader(
            _samples, transforms, new ImageLoaderOptions { BatchSize = 53, OnUnreadableImage = OnUnreadableImage.Skip });
        var epoch = () => loader.Epoch(0).Count();
        epoch.Should().Throw<TransformException>("the image is sound, so it is not skipped")
            .WithMessage($"The image '{_samples[7].Path}' cannot be transformed: resizing makes it 256 x 15360000 pixels, *");
    }

    [Fact]
    public void A_batch_that_is_over_says_so()
    {
        var batches = new ImageLoader(_samples, s_whole, new ImageLoaderOptions { BatchSize = 20 }).Epoch(0).ToList();
        var use = () => batches[0].Images;
        use.Should().Throw<InvalidOperationException>()
            .WithMessage("Batch 0 is over, since the next one was asked for: use it before, or keep a clone() of its tensors.");
        batches[0].Count.Should().Be(20);
    }

    private static string Refusal<T>(Func<T> make) => make.Should().Throw<ArgumentException>().Which.Message;

    private List<byte> Pixels(ImageLoaderOptions options, int epoch, Compose? transforms = null)
    {
        var bytes = new List<byte>();
        foreach (var batch in new ImageLoader(_samples, transforms ?? s_whole, options).Epoch(epoch)) bytes.AddRange(batch.Images.bytes);
        return bytes;
    }

    private List<long> Labels(ImageLoaderOptions options, int epoch)
    {
        var labels = new List<long>();
        foreach (var batch in new ImageLoader(_samples, s_whole, options).Epoch(epoch))
            labels.AddRange(batch.Labels.data<long>().ToArray());
        return labels;
    }

    private ImageSample Picture(int i)
    {
        string path = Path.Combine(_folder.Path, $"{i:00}.png");
        File.WriteAllBytes(path, PngEncoder.Encode(Pixels(i), 20, 20, 3));
        return new ImageSample(path, i);
    }

    private static byte[] Pixels(int i)
    {
        var pixels = new byte[20 * 20 * 3];
        new Random(i).NextBytes(pixels);
        return pixels;
    }
}
