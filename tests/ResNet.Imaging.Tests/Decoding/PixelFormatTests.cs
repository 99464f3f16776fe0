using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class PixelFormatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // A transparency mask, which libvips calls an image of so many bands.
    [Theory]
    [InlineData(1, new byte[] { 1, 1, 1, 2, 2, 2 })]
    [InlineData(2, new byte[] { 1, 1, 1, 3, 3, 3 })]
    [InlineData(3, new byte[] { 1, 2, 3, 4, 5, 6 })]
    [InlineData(4, new byte[] { 1, 2, 3, 5, 6, 7 })]
    public void One_or_two_channels_of_unknown_meaning_are_grey_and_more_are_colours(int bands, byte[] expected)
    {
        var tiff = new TestTiff(2, 1) { Bits = [.. Enumerable.Repeat(8, bands)], Photometric = 4 };
        Decode(tiff.Encode([.. Enumerable.Range(1, 2 * bands).Select(sample => (byte)sample)]), 3).Should().Equal(expected);
    }

    [Fact]
    public void Black_ink_takes_from_the_paper()
    {
        // Pillow 9.4: Image.frombytes("CMYK", (6, 1), inks).convert("RGB") and convert("L").
        byte[] inks = [255, 255, 255, 255, 1, 2, 3, 254, 200, 100, 50, 128, 10, 20, 30, 40, 128, 128, 128, 127, 0, 255, 90, 1];
        var file = new TestTiff(6, 1) { Bits = [8, 8, 8, 8], Photometric = 5 }.Encode(inks);
        Decode(file, 3).Should().Equal(0, 0, 0, 1, 1, 1, 27, 77, 102, 207, 198, 190, 64, 64, 64, 254, 0, 164);
        Decode(file, 1).Should().Equal(0, 1, 65, 200, 64, 95);
    }

    private byte[] Decode(byte[] file, int channels)
    {
        using var image = ImageDecoder.Open(_folder.Write("a.tif", file), channels);
        return image.Rows(0, image.Height).ToArray();
    }
}
