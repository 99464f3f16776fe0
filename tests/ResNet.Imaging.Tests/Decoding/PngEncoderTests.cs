using ResNet.Imaging.Decoding;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class PngEncoderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(28, 28, 1)]
    [InlineData(1, 1, 3)]
    [InlineData(17, 5, 3)]
    // Large enough for libvips to be the reader.
    [InlineData(301, 203, 1)]
    [InlineData(301, 203, 3)]
    public void A_written_png_reads_back_as_it_was(int width, int height, int channels)
    {
        var pixels = new byte[height * width * channels];
        new Random(width).NextBytes(pixels);
        var path = folder.File("a.png");
        File.WriteAllBytes(path, PngEncoder.Encode(pixels, width, height, channels));

        using var image = ImageDecoder.Open(path, channels);
        (image.Width, image.Height).Should().Be((width, height));
        var read = new byte[pixels.Length];
        image.CropResizeInto(0, 0, width, height, width, height, flipHorizontally: false, read);
        read.Should().Equal(pixels);
    }

    [Fact]
    public void Writing_replaces_the_file_and_leaves_nothing_beside_it()
    {
        var path = folder.Write("a.png", [1, 2, 3]);
        File.WriteAllBytes(path, PngEncoder.Encode([7], 1, 1, 1));
        Directory.GetFileSystemEntries(folder.Path).Should().Equal(path);
        using var image = ImageDecoder.Open(path, 1);
        image.Width.Should().Be(1);
    }

    [Fact]
    public void A_failed_write_leaves_nothing_behind()
    {
        var taken = Directory.CreateDirectory(folder.File("a.png")).FullName;
        var write = () => File.WriteAllBytes(taken, PngEncoder.Encode([7], 1, 1, 1));
        write.Should().Throw<Exception>().Which.Should().Match(failure => failure is IOException || failure is UnauthorizedAccessException);
        Directory.GetFileSystemEntries(folder.Path).Should().Equal(taken);
    }

    [Fact]
    public void Pixels_of_another_number_are_refused()
    {
        var write = () => PngEncoder.Encode(new byte[5], 2, 2, 1);
        write.Should().Throw<ArgumentException>().WithMessage("5 bytes are not 2 x 2 x 1 = 4.*");
    }
}
