using ResNet.Testing;

namespace ResNet.Imaging.Tests;

/// <summary><see cref="ImageReader.MaximumPixels"/>: larger images of any format are refused.</summary>
public sealed class MaximumPixelsTests
{
    [Fact]
    public void An_image_of_any_format_is_opened_up_to_the_limit_and_refused_above_it()
    {
        foreach (byte[] file in (byte[][])[.. HostileImages.Originals(), .. HostileImages.Gifs()])
        {
            string name = file.AsSpan().StartsWith("GIF"u8) ? "picture.gif" : "picture";
            int pixels = Open(ImageDecoder.MaxPixels);
            Open(pixels).Should().Be(pixels);
            FluentActions.Invoking(() => Open(pixels - 1)).Should().Throw<ImageDecodingException>()
                .WithMessage("*it has * x * pixels and * are the most that is read.");

            int Open(int most)
            {
                using var reader = new ImageReader(3) { MaximumPixels = most };
                reader.Open(name, new MemoryStream(file));
                return reader.Width * reader.Height;
            }
        }
    }

    [Fact]
    public void A_jpeg_of_very_many_scans_is_refused()
    {
        byte[] file = Convert.FromBase64String(HostileImages.ProgressiveJpeg);
        int scan = file.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        byte[] repeated = [.. file[scan..^2]];
        byte[] bomb = [.. file[..scan], .. Enumerable.Repeat(repeated, 200).SelectMany(bytes => bytes), .. file[^2..]];
        using var reader = new ImageReader(3);
        reader.Invoking(it => it.Open("bomb", new MemoryStream(bomb))).Should().Throw<ImageDecodingException>()
            .WithMessage("*it is a JPEG with more than 100 scans.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(ImageDecoder.MaxPixels + 1)]
    public void A_limit_out_of_its_range_is_refused(int most) =>
        FluentActions.Invoking(() => new ImageReader(3) { MaximumPixels = most }).Should().Throw<InvalidOptionException>()
            .WithMessage("*MaximumPixels*between 1 and 178956970*");
}
