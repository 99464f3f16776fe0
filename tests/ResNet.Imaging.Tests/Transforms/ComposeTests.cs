using ResNet.Imaging.Randomness;
using ResNet.Imaging.Transforms;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class ComposeTests
{
    // torchvision's center_crop: int(round((length - crop) / 2)), and a border of half the difference, rounded down, before the image.
    [Theory]
    [InlineData(10, 7, 4, 3, 3, 2)]
    [InlineData(9, 7, 4, 4, 2, 2)]
    [InlineData(7, 7, 4, 4, 2, 2)]
    [InlineData(5, 4, 5, 4, 0, 0)]
    [InlineData(3, 2, 6, 5, -1, -1)]
    public void The_centre_is_torchvisions(int width, int height, int cropWidth, int cropHeight, int left, int top)
    {
        var picture = new FormulaPicture(1, width, height);
        var canvas = picture.Canvas();
        var random = SplitMix64.For(0);
        new CenterCrop(new ImageSize(cropHeight, cropWidth)).ApplyTo(canvas, ref random);
        byte[] before = picture.Pixels;
        byte[] expected =
        [
            .. from y in Enumerable.Range(top, cropHeight)
               from x in Enumerable.Range(left, cropWidth)
               select x >= 0 && x < width && y >= 0 && y < height ? before[(y * width) + x] : (byte)0,
        ];
        canvas.Pixels().ToArray().Should().Equal(expected);
    }

    [Theory]
    [InlineData(30, 20, 15, 10)]
    [InlineData(20, 30, 10, 15)]
    [InlineData(31, 20, 15, 10)]
    [InlineData(20, 20, 10, 10)]
    public void Resizing_the_shorter_side_keeps_the_proportions_and_rounds_down(int width, int height, int newWidth, int newHeight)
    {
        var canvas = new FormulaPicture(1, width, height).Canvas();
        var random = SplitMix64.For(0);
        new Resize(10).ApplyTo(canvas, ref random);
        (canvas.Width, canvas.Height).Should().Be((newWidth, newHeight));
        new Resize(new ImageSize(5, 8)).ApplyTo(canvas, ref random);
        (canvas.Width, canvas.Height).Should().Be((8, 5));
    }

    [Fact]
    public void Resize_has_a_shorter_side_or_a_size()
    {
        (new Resize(10).ShorterSide, new Resize(10).Size).Should().Be((10, null));
        (new Resize(new ImageSize(5, 8)).ShorterSide, new Resize(new ImageSize(5, 8)).Size).Should().Be((null, new ImageSize(5, 8)));
    }

    [Fact]
    public void Steps_are_listed_and_decide_the_size()
    {
        var compose = new Compose(new Resize(12), new CenterCrop(new ImageSize(8, 6)), new RandomHorizontalFlip(), Normalize.ImageNet);
        compose.Size.Should().Be(new ImageSize(8, 6));
        compose.Count.Should().Be(4);
        compose[1].Should().Be(new CenterCrop(new ImageSize(8, 6)));
        compose.Should().HaveCount(4).And.HaveElementAt(3, Normalize.ImageNet);
        compose.Normalize.Should().Be(Normalize.ImageNet);
        compose.IsRandom.Should().BeTrue();
        new Compose(new CenterCrop(4)).IsRandom.Should().BeFalse();
        new Compose(new CenterCrop(4)).Normalize.Should().BeNull();
        new Compose(new CenterCrop(16), new Resize(8)).Size.Should().Be(new ImageSize(8, 8));
        new Compose(new CenterCrop(new ImageSize(10, 20)), new Resize(8)).Size.Should().Be(new ImageSize(8, 16));
    }

    [Fact]
    public void The_description_names_all_steps_and_properties()
    {
        new Compose(new CenterCrop(4), new RandomHorizontalFlip(0.25)).Description.Should().Be(
            "CenterCrop(Size: 4 × 4), RandomHorizontalFlip(P: 0.25)");
        new Compose(new CenterCrop(4), new Normalize([0.5f, 0], [0.25f, 1])).Description.Should().EndWith(
            ", Normalize(Mean: [0.5, 0], Deviation: [0.25, 1])");
        new Compose(new Resize(12) { Interpolation = ImageInterpolation.Bicubic }, new CenterCrop(4)).Description.Should().StartWith(
            "Resize(ShorterSide: 12, Size: null, Interpolation: Bicubic), ");
    }

    [Fact]
    public void Impossible_orders_are_refused()
    {
        Refuse([new CenterCrop(4), Normalize.Grey, Normalize.Grey], "There are two Normalize*");
        Refuse([new CenterCrop(4), new RandomErasing(), Normalize.Grey], "RandomErasing comes before Normalize*");
        Refuse([Normalize.Grey, new CenterCrop(4)], "CenterCrop comes after Normalize*");
        Refuse([new CenterCrop(4), new RandomErasing(), new RandomHorizontalFlip()], "RandomHorizontalFlip comes after RandomErasing*");
        Refuse([new CenterCrop(4), null!], "One of the transforms is null.*");
        Refuse([new Resize(4)], "The transforms leave images in different sizes*");
        new Compose(new CenterCrop(4), Normalize.Grey, new RandomErasing()).Count.Should().Be(3);
        new Compose(new CenterCrop(4), new RandomErasing()).Count.Should().Be(2);

        static void Refuse(Transform[] transforms, string message)
        {
            var compose = () => new Compose(transforms);
            compose.Should().Throw<ArgumentException>().WithMessage(message);
        }
    }

    [Fact]
    public void Other_heights_scale_all_lengths()
    {
        var compose = new Compose(
            new Resize(256) { Interpolation = ImageInterpolation.Bicubic },
            new RandomResize(100, 200) { Interpolation = ImageInterpolation.Bicubic },
            new RandomCrop(new ImageSize(224, 112), padding: 8) { Fill = 3, PaddingMode = PaddingMode.Reflect, PadIfNeeded = true },
            new RandomResizedCrop(224) { Scale = (0.5, 1), Ratio = (1, 2), Interpolation = ImageInterpolation.Bicubic },
            new Resize(new ImageSize(448, 224)),
            new CenterCrop(224),
            Normalize.ImageNet);
        compose.AtHeight(112).Should().Equal(
            new Resize(128) { Interpolation = ImageInterpolation.Bicubic },
            new RandomResize(50, 100) { Interpolation = ImageInterpolation.Bicubic },
            new RandomCrop(new ImageSize(112, 56), padding: 4) { Fill = 3, PaddingMode = PaddingMode.Reflect, PadIfNeeded = true },
            new RandomResizedCrop(112) { Scale = (0.5, 1), Ratio = (1, 2), Interpolation = ImageInterpolation.Bicubic },
            new Resize(new ImageSize(224, 112)),
            new CenterCrop(112),
            Normalize.ImageNet);
    }

    [Fact]
    public void Images_are_transformed_by_the_seed_alone()
    {
        using var image = new DecodedImage(20, 10, 3);
        image.Rows(0, 10).Clear();
        image.Rows(0, 10)[0] = 200;
        byte[] Apply(long seed)
        {
            var pixels = new byte[10 * 20 * 3];
            new Compose(new CenterCrop(new ImageSize(10, 20)), new RandomHorizontalFlip()).Apply(image, pixels, seed);
            return pixels;
        }
        Enumerable.Range(0, 20).Select(seed => (Apply(seed)[0], Apply(seed)[19 * 3])).Distinct()
            .Should().BeEquivalentTo(new (byte, byte)[] { (200, 0), (0, 200) });
    }

    [Fact]
    public void A_destination_of_another_length_and_an_unsuitable_image_are_refused()
    {
        using var image = new DecodedImage(20, 10, 3);
        var compose = new Compose(new RandomCrop(16));
        var apply = (int length) => () => compose.Apply(image, new byte[length]);
        apply(767).Should().Throw<ArgumentException>().WithMessage("The destination has 767 bytes where 16 × 16 × 3 = 768 are needed.*");
        apply(768).Should().Throw<ArgumentException>().WithMessage("The image cannot be used: it is 10 pixels high or wide*");
    }

    [Fact]
    public void Each_level_of_each_channel_is_normalised()
    {
        float[] table = Normalize.Table(new Normalize([0.5f, 0.25f], [0.5f, 2]), channels: 2);
        table.Should().HaveCount(512);
        table[0].Should().Be(-1);
        table[255].Should().Be(1);
        table[256].Should().Be(-0.125f);
        table[511].Should().Be(0.375f);
        Normalize.Table(null, channels: 1).Should().HaveCount(256).And.HaveElementAt(51, 0.2f).And.HaveElementAt(255, 1);
    }

    [Fact]
    public void Normalisations_compare_by_their_values()
    {
        new Normalize([0.5f], [1]).Should().Be(new Normalize([0.5f], [1])).And.NotBe(new Normalize([0.25f], [1]));
        new Normalize([0.5f], [1]).Should().NotBe(new Normalize([0.5f], [2]));
        var erasing = new RandomErasing { Value = [1, 2] };
        erasing.Should().Be(new RandomErasing { Value = [1, 2] });
        erasing.Should().NotBe(new RandomErasing { Value = [1, 3] });
        erasing.Should().NotBe(erasing with { Scale = (0.1, 0.2) });
        erasing.Should().NotBe(erasing with { Ratio = (1, 2) });
        erasing.Should().NotBe(erasing with { Noise = true });
        erasing.Should().NotBe(new RandomErasing(0.25) { Value = [1, 2] });
    }

    [Fact]
    public void Numbers_for_other_channels_are_refused()
    {
        var colour = () => Normalize.Grey.RequireChannels(3);
        colour.Should().Throw<InvalidOptionException>()
            .WithMessage("Normalize.Mean is [0.449], but has to be one number for each of the images' 3 channel(s).");
        Normalize.Grey.RequireChannels(1);
        var erase = () => new RandomErasing { Value = [1, 2] }.RequireChannels(3);
        erase.Should().Throw<InvalidOptionException>()
            .WithMessage("RandomErasing.Value is [1, 2], but has to be one number, or one of each channel, of which images have 3.");
        new RandomErasing { Value = [1] }.RequireChannels(3);
        new RandomErasing { Value = [1, 2, 3] }.RequireChannels(3);
        new RandomErasing { Value = [1, 2], Noise = true }.RequireChannels(3);
    }
}
