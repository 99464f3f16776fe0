using ResNet.Imaging.Rendering;

namespace ResNet.Imaging.Tests;

public sealed class CanvasTests
{
    private static readonly ImageInterpolation[] s_interpolations = [ImageInterpolation.Bilinear, ImageInterpolation.Bicubic];

    // The eager canvas computes pixels after every step, as Pillow does; the lazy one computes them at the end.
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Deferred_steps_give_the_pixels_of_steps_one_by_one(int channels)
    {
        var random = new Random(channels);
        var (lazy, eager) = (new Canvas(), new Canvas());
        for (var round = 0; round < 400; round++)
        {
            using var image = Noise(random.Next(1, 40), random.Next(1, 40), channels, random);
            lazy.Begin(image);
            eager.Begin(image);
            var steps = new List<string>();
            for (var i = random.Next(1, 7); i > 0; i--)
            {
                var step = Step(random, lazy, out var name);
                steps.Add(name);
                step(lazy);
                step(eager);
                eager.Pixels();
            }

            (lazy.Width, lazy.Height).Should().Be((eager.Width, eager.Height));
            Result(lazy).Should().Equal(Result(eager), "of {0} x {1}: {2}", image.Width, image.Height, string.Join(", ", steps));
            lazy.Seen.Should().Be(eager.Seen);
        }
    }

    [Fact]
    public void A_crop_beyond_the_image_without_padding_is_refused()
    {
        using var image = Noise(5, 4, 3, new Random(1));
        var canvas = new Canvas();
        canvas.Begin(image);
        var crop = () => canvas.Crop(new Area(2, 0, 4, 4));
        crop.Should().Throw<ArgumentOutOfRangeException>();
    }

    private static Action<Canvas> Step(Random random, Canvas canvas, out string name)
    {
        var (width, height) = (canvas.Width, canvas.Height);
        switch (random.Next(5))
        {
            case 0:
                name = "flip";
                return one => one.FlipHorizontally();
            case 1:
                var (left, top) = (random.Next(width), random.Next(height));
                var part = new Area(left, top, random.Next(1, width - left + 1), random.Next(1, height - top + 1));
                name = $"crop {part}";
                return one => one.Crop(part);
            case 2:
                var beyond = new Area(random.Next(-6, width), random.Next(-6, height), random.Next(1, 45), random.Next(1, 45));
                var mode = (PaddingMode)random.Next(4);
                name = $"crop {beyond} with {mode}";
                return one => one.Crop(beyond, mode, fill: 9);
            case 3:
                name = "read the pixels";
                return one => one.Pixels();
            default:
                var (newWidth, newHeight) = (random.Next(1, 45), random.Next(1, 45));
                var interpolation = s_interpolations[random.Next(2)];
                name = $"resize to {newWidth} x {newHeight}, {interpolation}";
                return one => one.Resize(newWidth, newHeight, interpolation);
        }
    }

    private static byte[] Result(Canvas canvas)
    {
        var pixels = new byte[canvas.Width * canvas.Height * canvas.Channels];
        canvas.WriteTo(pixels);
        return pixels;
    }

    private static DecodedImage Noise(int width, int height, int channels, Random random)
    {
        var image = new DecodedImage(width, height, channels);
        random.NextBytes(image.Rows(0, height));
        return image;
    }
}
