using ResNet.Testing;

namespace ResNet.Imaging.Tests;

public sealed class BmpAndPnmTests : IDisposable
{
    // Blue, green, red.
    private static readonly byte[] s_threeColours = [30, 20, 10, 0, 60, 50, 40, 0, 90, 80, 70, 0];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_bitmap_starts_with_its_lowest_line_unless_its_height_is_negative()
    {
        byte[] lines = [3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0];
        Decode(TestBmp.Encode(2, 2, 24, lines)).Should().Equal(7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6);
        Decode(TestBmp.Encode(2, -2, 24, lines)).Should().Equal(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        // The last line's padding may be missing.
        Decode(TestBmp.Encode(2, -2, 24, lines[..^2])).Should().Equal(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    }

    [Theory]
    [InlineData(1, new byte[] { 0b0110_0000, 0, 0, 0 }, new byte[] { 10, 20, 30, 40, 50, 60, 40, 50, 60 })]
    [InlineData(4, new byte[] { 0x12, 0x00, 0, 0 }, new byte[] { 40, 50, 60, 70, 80, 90, 10, 20, 30 })]
    // A colour that the palette lacks is grey.
    [InlineData(8, new byte[] { 2, 1, 200, 0 }, new byte[] { 70, 80, 90, 40, 50, 60, 200, 200, 200 })]
    public void A_palette_gives_a_bitmap_its_colours(int bits, byte[] line, byte[] expected) =>
        Decode(TestBmp.Encode(3, 1, bits, line, s_threeColours)).Should().Equal(expected);

    [Fact]
    public void Black_and_white_palettes_of_eight_bits_are_palettes()
    {
        byte[] blackAndWhite = [0, 0, 0, 0, 255, 255, 255, 0];
        Decode(TestBmp.Encode(4, 1, 8, [0, 1, 1, 0], blackAndWhite), channels: 1).Should().Equal(0, 255, 255, 0);
    }

    [Fact]
    public void Sixteen_bits_have_five_bits_a_colour_or_six_for_green()
    {
        byte[] pixels = [0xFF, 0x7F, 0x21, 0x04];
        Decode(TestBmp.Encode(2, 1, 16, pixels)).Should().Equal(255, 255, 255, 8, 8, 8);
        Decode(TestBmp.Encode(2, 1, 16, pixels, masks: [0x7C00, 0x3E0, 0x1F])).Should().Equal(255, 255, 255, 8, 8, 8);
        Decode(TestBmp.Encode(2, 1, 16, pixels, masks: [0xF800, 0x7E0, 0x1F])).Should().Equal(123, 255, 255, 0, 133, 8);
    }

    [Fact]
    public void Masks_say_where_the_colours_of_32_bits_are()
    {
        byte[] pixel = [1, 2, 3, 4];
        Decode(TestBmp.Encode(1, 1, 32, pixel)).Should().Equal(3, 2, 1);
        Decode(TestBmp.Encode(1, 1, 32, pixel, masks: [0xFF0000, 0xFF00, 0xFF])).Should().Equal(3, 2, 1);
        Decode(TestBmp.Encode(1, 1, 32, pixel, masks: [0xFF000000, 0xFF0000, 0xFF00])).Should().Equal(4, 3, 2);
        Refusal(TestBmp.Encode(1, 1, 32, pixel, masks: [0x3FF, 0xFFC00, 0x3FF00000]))
            .Should().EndWith("it is a BMP image whose colours lie in unusual bits, which is not read.");
    }

    [Fact]
    public void Run_lengths_repeat_skip_and_copy_pixels()
    {
        // Two pixels of 1; a move of two to the right and one up; three literal pixels, padded; the end of the line; seven pixels
        // of 2, cut at the end of the line.
        byte[] runs = [2, 1, 0, 2, 2, 1, 0, 3, 1, 2, 1, 0, 0, 0, 7, 2, 0, 1];
        Indices(7, 3, 8, runs).Should().Equal(2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 0, 0, 0);
        // The same of 4 bits: three pixels are two bytes.
        byte[] halves = [2, 0x11, 0, 2, 2, 1, 0, 3, 0x12, 0x10, 0, 0, 7, 0x21, 0, 1];
        Indices(7, 3, 4, halves).Should().Equal(2, 1, 2, 1, 2, 1, 2, 0, 0, 0, 0, 1, 2, 1, 1, 1, 0, 0, 0, 0, 0);
    }

    [Theory]
    [InlineData("P1 3 2 1 0 1\n010", new byte[] { 0, 255, 0, 255, 0, 255 })]
    [InlineData("P2 # grey\n3 2 # as samples go\n4\n0 1 2\t3 4 #last\n 0", new byte[] { 0, 64, 128, 191, 255, 0 })]
    [InlineData("P2 3 2 1000 0 1 2 3 4 1000", new byte[] { 0, 66, 131, 197, 255, 255 })]
    [InlineData("P5 3 2 255\nabcdef and more", new byte[] { 97, 98, 99, 100, 101, 102 })]
    public void Greys_of_netpbm_are_read(string file, byte[] expected) =>
        Decode(Bytes(file), channels: 1, width: 3, height: 2).Should().Equal(expected);

    [Theory]
    [InlineData("P3 2 1 100\n0 50 100 10 20 30", new byte[] { 0, 128, 255, 26, 51, 76 })]
    [InlineData("P6 2 1 255 abcdef", new byte[] { 97, 98, 99, 100, 101, 102 })]
    [InlineData("P6 2 1 65535 a\0b\0c\0d\0e\0f\0", new byte[] { 97, 98, 99, 100, 101, 102 })]
    [InlineData("P4 2 1\n@", new byte[] { 255, 255, 255, 0, 0, 0 })]
    public void Colours_of_netpbm_are_read(string file, byte[] expected) =>
        Decode(Bytes(file), channels: 3, width: 2, height: 1).Should().Equal(expected);

    [Theory]
    [InlineData("P2 3 2 4 0 1 2 3 4", "the file is damaged or truncated (its pixels end early)")]
    [InlineData("P2 3 2 4 00 01 02 03 04", "the file is damaged or truncated (it ends before its sample)")]
    [InlineData("P2 3 2 4 0 1 2 3 4 5", "the file is damaged or truncated (it has a sample of 5 where 4 is the largest)")]
    [InlineData("P3 1 1 4 0 x 1", "the file is damaged or truncated (its sample is no number)")]
    [InlineData("P1 2 2 0120", "the file is damaged or truncated (it has a sample that is neither 0 nor 1)")]
    [InlineData("P5 3 2 255 abcde", "the file is damaged or truncated (its pixels end early)")]
    [InlineData("P5 0 2 255 abcde", "the file is damaged or truncated (it has 0 x 2 pixels)")]
    [InlineData("P5 3 2 65536 abcde", "the file is damaged or truncated (its largest value is 65536 and not between 1 and 65535)")]
    [InlineData("P5 3", "the file is damaged or truncated (it ends before its height)")]
    [InlineData("P5 99999999999 1 255 a", "the file is damaged or truncated (its width is no number)")]
    [InlineData("P6 20000 20000 255 a", "it has 20000 x 20000 pixels and 178,956,970 are the most that is read")]
    [InlineData("P7 WIDTH 1", "it is not a JPEG, PNG, GIF, WebP, TIFF, BMP, PPM, PGM or PBM image")]
    public void A_bad_netpbm_file_is_refused_with_the_reason(string file, string reason) =>
        Refusal(Bytes(file)).Should().EndWith($"': {reason}.");

    [Fact]
    public void A_bad_bitmap_is_refused_with_the_reason()
    {
        var good = TestBmp.Encode(9, 7, 24, Motif.Pixels(28, 7, 1));
        const string damaged = "the file is damaged or truncated";
        Refusal(good[..^2]).Should().EndWith($"{damaged} (its pixels end early).");
        Refusal(good[..40]).Should().EndWith($"{damaged} (its header ends early).");
        Refusal(TestBmp.Encode(0, 7, 24, [])).Should().EndWith($"{damaged} (it has 0 x 7 pixels).");
        Refusal(TestBmp.Encode(-5, 7, 24, [])).Should().Contain("are the most that is read");
        Refusal(TestBmp.Encode(30_000, 30_000, 8, [255, 1, 0, 1], s_threeColours, compression: 1))
            .Should().Contain("are the most that is read");
        Refusal(TestBmp.Encode(9, 7, 8, [9, 1, 0, 0, 9, 1, 0, 1], compression: 1)).Should().EndWith($"{damaged} (its pixels end early).");
        Refusal(TestBmp.Encode(9, 7, 2, []))
            .Should().EndWith("it is a BMP image of 2 bits a pixel, which is none of 1, 4, 8, 16, 24 and 32.");
        Refusal(TestBmp.Encode(9, 7, 24, [], compression: 4))
            .Should().EndWith("it is a BMP image of 24 bits a pixel with compression 4, which is not read.");
        good[14] = 41;
        Refusal(good).Should().EndWith("it is a BMP image with a header of 41 bytes, which is none of 12, 40, 64, 108 and 124.");
    }

    private static byte[] Bytes(string file) => [.. file.Select(character => (byte)character)];

    private byte[] Indices(int width, int height, int bits, byte[] runs)
    {
        var palette = Enumerable.Range(0, 16).SelectMany(index => new byte[] { (byte)index, (byte)index, (byte)index, 0 }).ToArray();
        return Decode(TestBmp.Encode(width, height, bits, runs, palette, bits == 8 ? 1 : 2), channels: 1);
    }

    private byte[] Decode(byte[] file, int channels = 3, int? width = null, int? height = null)
    {
        using var image = ImageDecoder.Open(_folder.Write("picture", file), channels);
        (image.Width, image.Height).Should().Be((width ?? image.Width, height ?? image.Height));
        return image.Rows(0, image.Height).ToArray();
    }

    private string Refusal(byte[] file)
    {
        var open = () => ImageDecoder.Open(_folder.Write("picture", file), 3);
        return open.Should().Throw<ImageDecodingException>().Which.Message;
    }
}
