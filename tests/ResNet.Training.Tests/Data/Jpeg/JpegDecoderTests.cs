using ResNet.Training.Data.Imaging;
using ResNet.Training.Data.Imaging.Jpeg;

namespace ResNet.Training.Tests.Data.Jpeg;

public sealed class JpegDecoderTests
{
    private readonly JpegDecoder _decoder = new();

    [Theory]
    [InlineData(JpegContents.Photograph, 1)]
    [InlineData(JpegContents.Noise, 2)]
    [InlineData(JpegContents.Flat, 3)]
    [InlineData(JpegContents.Extreme, 4)]
    public void Whole_images_are_those_of_libvips(JpegContents contents, int seed)
    {
        var random = new Random(seed);
        var here = 0;
        for (var i = 0; i < 300; i++)
        {
            var file = RandomJpeg.Draw(random, contents, largest: i % 30 == 0 ? 400 : 70);
            var channels = i % 3 == 0 ? 1 : 3;
            if (Whole(file, channels) is not { } pixels) continue;
            here++;
            Reference(file, channels).AsSpan().SequenceEqual(pixels).Should().BeTrue("file {0} of {1} should be the same", i, contents);
        }
        here.Should().BeGreaterThan(JpegDecoder.IsSupported ? 250 : -1, "few of the files are so narrow that they are left to libvips");
    }

    private byte[]? Whole(byte[] file, int channels)
    {
        if (!_decoder.TryOpen(file)) return null;
        var area = new Area(0, 0, _decoder.Width, _decoder.Height);
        return _decoder.TryRead(area, channels, out var view) ? Pixels(view, area) : null;
    }

    private static byte[] Pixels(PixelView view, Area area)
    {
        var pixels = new byte[area.Width * area.Height * view.Channels];
        for (var y = 0; y < area.Height; y++)
            view.Row(area.Left, area.Top + y, area.Width).CopyTo(pixels.AsSpan(y * area.Width * view.Channels));
        return pixels;
    }

    private static byte[] Reference(byte[] file, int channels)
    {
        using var image = ImageDecoder.Decode("reference", file, file.Length, channels);
        return image.Rows(0, image.Height).ToArray();
    }
}
