using ResNet.Imaging;
using ResNet.Imaging.Decoding;
using ResNet.Imaging.Randomness;
using ResNet.Imaging.Rendering;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Loading.Transforms;

public class RandomErasingTests
{
    private static readonly Area s_area = new(3, 5, 7, 2);

    [Fact]
    public void The_rectangle_becomes_0_and_nothing_else_changes() => ShouldFill(new RandomErasing(), 0, 0, 0);

    [Fact]
    public void One_number_fills_all_channels() => ShouldFill(new RandomErasing { Value = [2.5f] }, 2.5f, 2.5f, 2.5f);

    [Fact]
    public void Each_channel_may_have_a_number_of_its_own() => ShouldFill(new RandomErasing { Value = [1, -2, 3.5f] }, 1, -2, 3.5f);

    [Fact]
    public void Noise_is_standard_normal_and_comes_from_the_seed_alone()
    {
        using var scope = NewDisposeScope();
        var erasing = new RandomErasing { Noise = true };
        var (first, again, other) = (Erased(7), Erased(7), Erased(8));
        first.Should().Equal(again).And.NotEqual(other);
        first.Average(value => (double)value).Should().BeApproximately(0, 0.01);
        first.Average(value => (double)value * value).Should().BeApproximately(1, 0.02);
        first.Average(value => (double)value * value * value * value).Should().BeApproximately(3, 0.15);

        float[] Erased(long seed)
        {
            var image = zeros([3, 300, 200]);
            TensorTransforms.Fill(image, new Erasure(new(0, 0, 200, 300), erasing.Noise ? null : erasing.Value, seed));
            return image.data<float>().ToArray();
        }
    }

    [Fact]
    public void Filling_leaves_no_tensors()
    {
        using var image = zeros([3, 20, 20]);
        long before = LiveTensors.Count();
        foreach (var erasing in new RandomErasing[] { new(), new() { Value = [1, 2, 3] }, new() { Noise = true } })
            TensorTransforms.Fill(image, new Erasure(s_area, erasing.Noise ? null : erasing.Value, 1));
        Tensor.TotalCount.Should().Be(before);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1000)]
    public void The_probability_decides_whether_an_image_is_erased(double p, int expected) =>
        Enumerable.Range(0, 1000).Count(seed => Draw(new RandomErasing(p), new FormulaPicture(3), seed) is not null).Should().Be(expected);

    [Fact]
    public void Rectangles_lie_inside_and_keep_to_scale_and_ratio()
    {
        var erasing = new RandomErasing(1) { Scale = (0.1, 0.2), Ratio = (1, 2) };
        var picture = new FormulaPicture(1, 200, 200);
        for (int seed = 0; seed < 500; seed++)
        {
            var area = Draw(erasing, picture, seed)!.Value.Area;
            new Area(0, 0, 200, 200).Contains(area).Should().BeTrue();
            (area.Width * area.Height / 40_000.0).Should().BeInRange(0.095, 0.205);
            ((double)area.Height / area.Width).Should().BeInRange(0.98, 2.04);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(300, 2)]
    public void Where_nothing_fits_the_image_stays_whole(int width, int height) =>
        Enumerable.Range(0, 200).Select(seed => Draw(new RandomErasing(1) { Scale = (0.9, 1) }, new FormulaPicture(1, width, height), seed))
            .Should().OnlyContain(erasure => erasure == null);

    [Fact]
    public void A_loader_erases_the_same_after_normalising_with_any_number_of_workers()
    {
        using var folder = new TemporaryFolder();
        List<ImageSample> samples = [.. Enumerable.Range(0, 12).Select(i =>
        {
            string path = folder.File($"{i}.png");
            File.WriteAllBytes(path, PngEncoder.Encode(Enumerable.Repeat((byte)255, 16 * 16 * 3).ToArray(), 16, 16, 3));
            return new ImageSample(path, 0);
        })];
        var transforms = new Compose(
            new CenterCrop(16), new Normalize([0, 0, 0], [1, 1, 1]), new RandomErasing(0.6) { Value = [-1, -2, -3] });
        float[] one = Load(workers: 1), four = Load(workers: 4);
        four.Should().Equal(one);
        one.Distinct().Should().BeEquivalentTo([1f, -1f, -2f, -3f]);

        float[] Load(int workers)
        {
            using var scope = NewDisposeScope();
            var loader = new ImageLoader(samples, transforms, new ImageLoaderOptions { BatchSize = 6, Workers = workers });
            return [.. loader.Epoch(0).SelectMany(batch => batch.ToInput(CPU).contiguous().data<float>().ToArray())];
        }
    }

    [Fact]
    public void Bad_values_are_refused_by_name()
    {
        Refuse(() => new RandomErasing(1.5), "RandomErasing.P is 1.5, but has to be between 0 and 1.");
        Refuse(
            () => new RandomErasing { Scale = (0.5, 1.2) },
            "RandomErasing.Scale is (0.5, 1.2), but has to be two numbers of at least 0 and at most 1, the smaller one first.");
        Refuse(
            () => new RandomErasing { Ratio = (0, 1) },
            "RandomErasing.Ratio is (0, 1), but has to be two numbers more than 0, the smaller one first.");
        Refuse(() => new RandomErasing { Value = [] }, "RandomErasing.Value is [], but has to be one number, or one of each channel.");

        static void Refuse(Func<object> make, string message) => make.Should().Throw<ArgumentException>().WithMessage(message);
    }

    private static void ShouldFill(RandomErasing erasing, params float[] expected)
    {
        using var scope = NewDisposeScope();
        var image = ones([3, 10, 12]).mul_(9);
        TensorTransforms.Fill(image, new Erasure(s_area, erasing.Noise ? null : erasing.Value, 1));
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < 10; y++)
                for (int x = 0; x < 12; x++)
                    image[c, y, x].item<float>().Should().Be(s_area.Contains(new(x, y, 1, 1)) ? expected[c] : 9);
    }

    private static Erasure? Draw(RandomErasing erasing, FormulaPicture picture, int seed)
    {
        var canvas = picture.Canvas();
        var random = SplitMix64.For(seed);
        erasing.ApplyTo(canvas, ref random);
        return canvas.Erasures.Count == 0 ? null : canvas.Erasures.Single();
    }
}
