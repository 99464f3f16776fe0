using System.Buffers.Binary;
using ResNet.Imaging.Decoding;
using ResNet.Testing;
using static ResNet.Testing.TestPng.Colours;

namespace ResNet.Imaging.Tests;

/// <summary>Which files are decoded without libvips, and the others, which are left to it.</summary>
public sealed class SmallPngTests
{
    [Theory]
    [InlineData(128, 128, 3, true)]
    [InlineData(129, 128, 3, false)]
    [InlineData(128, 129, 3, false)]
    [InlineData(49_152, 1, 1, true)]
    [InlineData(1, 49_152, 1, true)]
    [InlineData(49_153, 1, 1, false)]
    [InlineData(1, 49_153, 1, false)]
    public void Only_small_files_are_decoded(int width, int height, int bands, bool expected)
    {
        var png = new TestPng(width, height, bands == 1 ? Grey : Rgb).Encode(Motif.Pixels(width, height, bands));
        using var image = Decode(png);
        (image is not null).Should().Be(expected);
    }

    [Fact]
    public void Other_depths_palettes_and_interlacing_are_left_to_libvips()
    {
        Decode(new TestPng(4, 1, Grey, BitDepth: 16).Encode(new byte[8])).Should().BeNull();
        Decode(new TestPng(4, 1, Grey, BitDepth: 4).Encode(new byte[2])).Should().BeNull();
        Decode(new TestPng(2, 1, Palette) { Extra = [("PLTE", [1, 2, 3])] }.Encode([0, 0])).Should().BeNull();
        Decode(new TestPng(2, 1, Grey) { Interlaced = true }.EncodeLines([0, 77, 0, 99])).Should().BeNull();
        foreach (int at in new[] { 10, 11, 12 }) Decode(WithHeader(at, 1)).Should().BeNull();
        Decode(WithHeader(8, 16)).Should().BeNull();
        Decode(WithHeader(9, 5)).Should().BeNull();
        Decode(WithHeader(3, 0)).Should().BeNull();
        Decode(WithHeader(7, 0)).Should().BeNull();
        Decode(WithHeader(9, 0)).Should().NotBeNull();
    }

    // As in libpng: the pixels and their checksum are there, so the image is whole without its last chunk. Pillow reads even more.
    [Theory]
    [InlineData(28)]
    [InlineData(200)]
    public void A_file_that_is_cut_within_the_last_chunk_is_read_and_one_that_is_cut_before_it_is_damaged(int side)
    {
        using var folder = new TemporaryFolder();
        byte[] pixels = new byte[side * side * 3];
        new Random(side).NextBytes(pixels);
        byte[] file = new TestPng(side, side, TestPng.Colours.Rgb).Encode(pixels);
        for (int cut = 1; cut <= 16; cut++)
        {
            byte[] part = file[..^cut];
            SmallPng.TryDecode(part, part.Length, 3).Should().BeNull("libpng decides about a cut of {0} bytes", cut);
            var open = () => ImageDecoder.Open(folder.Write("cut.png", part), 3);
            if (cut > 12)
            {
                open.Should().Throw<ImageDecodingException>("{0} bytes are missing", cut)
                    .Which.Reason.Should().StartWith("the file is damaged or truncated");
                continue;
            }
            using var image = open();
            image.Rows(0, side).SequenceEqual(pixels).Should().BeTrue("only {0} bytes of the last chunk are missing", cut);
        }
    }

    [Fact]
    public void Chunks_have_to_be_in_order()
    {
        var grey = new TestPng(4, 2, Grey);
        byte[] pixels = Motif.Pixels(4, 2, 1);
        Decode(grey.Encode(pixels)).Should().NotBeNull();
        Decode((grey with { DataChunks = 2 }).Encode(pixels)).Should().BeNull();
        // A type that begins with a small letter may be skipped.
        Decode((grey with { Extra = [("tEXt", [1, 2, 3])] }).Encode(pixels)).Should().NotBeNull();
        Decode((grey with { Extra = [("TEXt", [1, 2, 3])] }).Encode(pixels)).Should().BeNull();
        byte[] file = grey.Encode(pixels);
        Decode(file[..^12]).Should().BeNull();
        for (int length = 0; length < file.Length; length++) Decode(file[..length]).Should().BeNull();
        // The rest of the array belongs to another file.
        using var longer = SmallPng.TryDecode([.. file, 1, 2, 3], file.Length, channels: 1);
        longer!.Rows(0, 2).ToArray().Should().Equal(pixels);
        SmallPng.TryDecode(file, file.Length - 1, channels: 1).Should().BeNull();
    }

    [Fact]
    public void A_changed_byte_anywhere_is_left_to_libvips()
    {
        byte[] file = new TestPng(4, 2, Grey).Encode(Motif.Pixels(4, 2, 1));
        for (int at = 0; at < file.Length; at++)
        {
            byte[] changed = [.. file];
            changed[at] ^= 1;
            Decode(changed).Should().BeNull("byte {0} was changed", at);
        }
    }

    [Fact]
    public void Lines_have_to_be_as_many_as_the_header_says_with_filters_up_to_4()
    {
        var grey = new TestPng(2, 2, Grey);
        using var good = Decode(grey.EncodeLines([0, 1, 2, 4, 3, 4]));
        good!.Rows(0, 2).ToArray().Should().Equal(1, 2, 4, 8);
        Decode(grey.EncodeLines([0, 1, 2, 5, 3, 4])).Should().BeNull();
        Decode(grey.EncodeLines([0, 1, 2, 0, 3])).Should().BeNull();
        Decode(grey.EncodeLines([0, 1, 2, 0, 3, 4, 5])).Should().BeNull();
    }

    // By hand from the specification: left, above, their mean rounded down, and the nearest to left + above − above left.
    [Theory]
    [InlineData(1, new byte[] { 10, 30, 60 }, new byte[] { 5, 12, 21 })]
    [InlineData(2, new byte[] { 10, 20, 30 }, new byte[] { 15, 27, 39 })]
    [InlineData(3, new byte[] { 10, 25, 42 }, new byte[] { 10, 24, 42 })]
    [InlineData(4, new byte[] { 10, 30, 60 }, new byte[] { 15, 37, 69 })]
    public void Filters_are_undone(int filter, byte[] first, byte[] second)
    {
        byte code = (byte)filter;
        byte[] lines = [code, 10, 20, 30, code, 5, 7, 9];
        using var image = Decode(new TestPng(3, 2, Grey).EncodeLines(lines));
        byte[] expected = filter == 2 ? [10, 20, 30, .. second] : [.. first, .. second];
        image!.Rows(0, 2).ToArray().Should().Equal(expected);
    }

    [Fact]
    public void A_checksum_is_that_of_the_specification()
    {
        // The checksum of an IEND chunk, which every PNG file ends with.
        SmallPng.Crc("IEND"u8).Should().Be(0xAE426082);
        SmallPng.Crc("123456789"u8).Should().Be(0xCBF43926);
    }

    [Fact]
    public void An_encoded_file_has_the_specifications_header()
    {
        byte[] file = PngEncoder.Encode(new byte[300 * 2 * 3], 300, 2, 3);
        file[..8].Should().Equal(0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10);
        file[8..33].Should().StartWith(new byte[] { 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 1, 44, 0, 0, 0, 2, 8, 2, 0, 0, 0 });
        file[^12..].Should().Equal(0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82);
        PngEncoder.Encode(new byte[4], 2, 2, 1)[25].Should().Be(0);
        PngEncoder.Encode(new byte[16], 2, 2, 4)[25].Should().Be(6, "colour with alpha");
        foreach (var (width, height, channels) in new[] { (0, 2, 1), (2, 0, 1), (1, 1, 2), (1, 1, 5) })
        {
            var encode = () => PngEncoder.Encode(new byte[width * height * channels], width, height, channels);
            encode.Should().Throw<ArgumentOutOfRangeException>();
        }
    }

    // A grey file of 1 × 1 pixel with one byte of its header changed, and the right checksum.
    private static byte[] WithHeader(int at, byte value)
    {
        byte[] file = new TestPng(1, 1, Grey).Encode([7]);
        file[16 + at] = value;
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), SmallPng.Crc(file.AsSpan(12, 17)));
        return file;
    }

    private static DecodedImage? Decode(byte[] file) => SmallPng.TryDecode(file, file.Length, channels: 1);
}
