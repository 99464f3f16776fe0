using ResNet.Imaging.Randomness;
using ResNet.Imaging.Transforms;

namespace ResNet.Imaging.Tests;

public class RandomResizedCropTests
{
    private static readonly RandomResizedCrop s_transform = new(224);

    // torchvision.transforms.RandomResizedCrop.get_params with its defaults on a 500×375 image, 200,000 draws: mean area
    // 0.4339 of the image's (standard deviation 0.2168), mean ratio 1.0451.
    [Fact]
    public void Areas_and_ratios_are_distributed_as_torchvisions()
    {
        var random = SplitMix64.For(7);
        double area = 0, square = 0, ratio = 0;
        const int draws = 50_000;
        for (int i = 0; i < draws; i++)
        {
            var (left, top, width, height) = s_transform.Draw(500, 375, ref random);
            left.Should().BeInRange(0, 500 - width);
            top.Should().BeInRange(0, 375 - height);
            double part = width * height / (500.0 * 375);
            area += part / draws;
            square += part * part / draws;
            ratio += (double)width / height / draws;
        }
        area.Should().BeApproximately(AreaMean, 0.006);
        Math.Sqrt(square - (area * area)).Should().BeApproximately(AreaDeviation, 0.006);
        ratio.Should().BeApproximately(RatioMean, 0.006);
    }

    private const double AreaMean = 0.4339;
    private const double AreaDeviation = 0.2168;
    private const double RatioMean = 1.0451;

    [Theory]
    [InlineData(1000, 10, 13)]
    [InlineData(10, 1000, 10)]
    public void Very_long_images_give_their_centre_where_nothing_else_fits(int width, int height, int expectedWidth)
    {
        var random = SplitMix64.For(1);
        var widths = Enumerable.Range(0, 200).Select(_ => s_transform.Draw(width, height, ref random).Width).ToList();
        widths.Should().Contain(expectedWidth).And.OnlyContain(drawn => drawn >= 1 && drawn <= width);
    }

    [Fact]
    public void One_pixel_is_enough()
    {
        var random = SplitMix64.For(2);
        s_transform.Draw(1, 1, ref random).Should().Be(new Area(0, 0, 1, 1));
    }
}
