using System.Buffers.Binary;
using ResNet.Imaging.Decoding;

namespace ResNet.Imaging.Tests;

/// <summary>Headers of all lengths, byte by byte, and files that end at each place.</summary>
public sealed class BmpHeaderTests
{
    private static readonly byte[] s_twoColours = [30, 20, 10, 60, 50, 40];

    [Fact]
    public void The_oldest_header_has_sizes_of_two_bytes_and_colours_of_three()
    {
        byte[] file = Core(3, 2, bits: 1, s_twoColours, [0b0100_0000, 0, 0, 0, 0b1010_0000, 0, 0, 0]);
        Pixels(file).Should().Equal(40, 50, 60, 10, 20, 30, 40, 50, 60, 10, 20, 30, 40, 50, 60, 10, 20, 30);
        Pixels(Core(1, 1, bits: 24, [], [1, 2, 3, 0])).Should().Equal(3, 2, 1);
        Pixels(Core(1, 1, bits: 32, [], [1, 2, 3, 4])).Should().Equal(3, 2, 1);
        Pixels(Core(1, 1, bits: 16, [], [0xFF, 0x7F, 0, 0])).Should().Equal(255, 255, 255);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(64)]
    [InlineData(108)]
    [InlineData(124)]
    public void Longer_headers_begin_alike(int header)
    {
        byte[] file = Info(header, 1, 1, bits: 24, [], [1, 2, 3, 0]);
        Pixels(file).Should().Equal(3, 2, 1);
        Refusal(file[..(13 + header)]).Should().Be("its header ends early");
        Refusal(file[..17]).Should().Be("its header ends early");
        Refusal(file[..18]).Should().Be("its header ends early");
    }

    [Theory]
    [InlineData(0x00FF0000u, 0x0000FF00u, 0x000000FFu, 0u, new byte[] { 3, 2, 1 })]
    [InlineData(0xFF000000, 0x00FF0000u, 0x0000FF00u, 0u, new byte[] { 4, 3, 2 })]
    [InlineData(0xFF000000, 0x00FF0000u, 0x0000FF00u, 0xFFu, new byte[] { 4, 3, 2 })]
    [InlineData(0x000000FFu, 0x0000FF00u, 0x00FF0000u, 0xFF000000, new byte[] { 1, 2, 3 })]
    [InlineData(0x00FF0000u, 0x0000FF00u, 0x000000FFu, 0xFF000000, new byte[] { 3, 2, 1 })]
    [InlineData(0u, 0u, 0u, 0u, new byte[] { 3, 2, 1 })]
    public void Masks_within_the_header_say_where_colours_are(uint red, uint green, uint blue, uint alpha, byte[] expected)
    {
        byte[] file = Info(108, 1, 1, bits: 32, [], [1, 2, 3, 4], compression: 3);
        Put(file, 54, red, green, blue, alpha);
        Pixels(file).Should().Equal(expected);
        Put(file, 54, red, green, blue, alpha ^ 0xF0);
        Refusal(file).Should().StartWith("it is a BMP image whose colours lie in unusual bits");
    }

    [Fact]
    public void Masks_of_24_and_16_bits_are_the_usual_ones()
    {
        byte[] file = Info(108, 1, 1, bits: 24, [], [1, 2, 3, 0], compression: 3);
        Put(file, 54, 0xFF0000, 0xFF00, 0xFF, 0);
        Pixels(file).Should().Equal(3, 2, 1);
        Put(file, 54, 0xFF, 0xFF00, 0xFF0000, 0);
        Refusal(file).Should().StartWith("it is a BMP image whose colours lie in unusual bits");
        file = Info(108, 1, 1, bits: 16, [], [0x21, 0x04, 0, 0], compression: 3);
        Put(file, 54, 0xF800, 0x7E0, 0x1F, 0);
        Pixels(file).Should().Equal(0, 133, 8);
        Put(file, 54, 0x7C00, 0x3E0, 0x1F, 0);
        Pixels(file).Should().Equal(8, 8, 8);
        Put(file, 54, 0xF000, 0xF00, 0xF0, 0xF);
        Refusal(file).Should().StartWith("it is a BMP image whose colours lie in unusual bits");
        // Behind a header of 40 bytes masks need 12 bytes.
        byte[] cut = Info(40, 1, 1, bits: 32, [], [1, 2, 3, 4], compression: 3);
        Refusal(cut).Should().Be("its header ends early");
    }

    [Theory]
    [InlineData(0, 24, true)]
    [InlineData(1, 8, true)]
    [InlineData(1, 4, false)]
    [InlineData(1, 24, false)]
    [InlineData(2, 4, true)]
    [InlineData(2, 8, false)]
    [InlineData(3, 8, false)]
    [InlineData(4, 24, false)]
    [InlineData(5, 24, false)]
    public void Compressions_belong_to_bits(int compression, int bits, bool expected)
    {
        byte[] palette = bits <= 8 ? new byte[4 << bits] : [];
        var decode = () => Pixels(Info(40, 1, 1, bits, palette, [1, 0, 0, 1], compression));
        if (expected) decode().Should().HaveCount(3);
        else decode.Should().Throw<NotSupportedException>().WithMessage($"*of {bits} bits a pixel with compression {compression}*");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(32)]
    public void Lines_are_whole_but_for_the_last_ones_padding(int bits)
    {
        const int width = 5;
        int used = ((width * bits) + 7) / 8, stride = ((width * bits) + 31) / 32 * 4;
        byte[] palette = bits <= 8 ? new byte[4 << bits] : [];
        byte[] file = Info(40, width, 2, bits, palette, new byte[stride + used]);
        Pixels(file).Should().HaveCount(width * 2 * 3);
        Refusal(file[..^1]).Should().Be("its pixels end early");
    }

    [Fact]
    public void Pixels_follow_the_palette_where_the_offset_is_0_or_the_headers_end()
    {
        byte[] palette = [30, 20, 10, 0, 60, 50, 40, 0];
        byte[] file = Info(40, 2, 1, bits: 1, palette, [0b0100_0000, 0, 0, 0]);
        byte[] expected = [10, 20, 30, 40, 50, 60];
        foreach (int offset in new[] { 62, 0, 54 })
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), offset);
            Pixels(file).Should().Equal(expected);
        }
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 63);
        Refusal(file[..64]).Should().BeEmpty();
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), file.Length + 1);
        Refusal(file).Should().Be("its pixels end early");
    }

    // Pillow 9.4: Image.open(file).convert("RGB").
    [Theory]
    [InlineData(0, new byte[] { 40, 50, 60, 10, 20, 30, 40, 50, 60 })]
    [InlineData(54, new byte[] { 40, 50, 60, 10, 20, 30, 40, 50, 60 })]
    [InlineData(62, new byte[] { 40, 50, 60, 10, 20, 30, 40, 50, 60 })]
    // Within the palette.
    [InlineData(57, new byte[] { 10, 20, 30, 60, 60, 60, 50, 50, 50 })]
    [InlineData(58, new byte[] { 60, 60, 60, 50, 50, 50, 40, 40, 40 })]
    public void Indices_of_eight_bits_are_where_the_offset_says(int offset, byte[] expected)
    {
        byte[] file = Info(40, 3, 1, bits: 8, [30, 20, 10, 0, 60, 50, 40, 0], [1, 0, 1, 0]);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), offset);
        Pixels(file).Should().Equal(expected);
    }

    [Fact]
    public void A_whole_palette_of_eight_bits_comes_before_the_pixels()
    {
        byte[] palette = [.. Enumerable.Range(0, 256).SelectMany(i => new[] { (byte)i, (byte)(255 - i), (byte)(i / 2), (byte)0 })];
        byte[] file = Info(40, 3, 1, bits: 8, palette, [255, 3, 7, 0]);
        foreach (int colours in new[] { 0, 256 })
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(46), colours);
            foreach (int offset in new[] { 0, 54 })
            {
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), offset);
                Pixels(file).Should().Equal(127, 0, 255, 1, 252, 3, 3, 248, 7);
            }
        }
    }

    // Pillow 9.4 reads the same; where the offset is the header's end, it takes a colour for four bytes.
    [Theory]
    [InlineData(1, new byte[] { 10, 20, 30, 40, 50, 60, 10, 20, 30 })]
    [InlineData(4, new byte[] { 0, 0, 0, 40, 50, 60, 10, 20, 30 })]
    [InlineData(8, new byte[] { 64, 64, 64, 1, 1, 1, 10, 20, 30 })]
    public void The_oldest_header_may_have_no_offset(int bits, byte[] expected)
    {
        byte[] palette = [30, 20, 10, 60, 50, 40, .. new byte[(3 << bits) - 6]];
        byte[] line = bits switch { 1 => [0x40, 0, 0, 0], 4 => [0x21, 0x00, 0, 0], _ => [64, 1, 0, 0] };
        if (bits == 8)
        {
            palette.AsSpan(3 * 64, 3).Fill(64);
            palette.AsSpan(3, 3).Fill(1);
        }
        byte[] file = Core(3, 1, bits, palette, line);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 0);
        Pixels(file).Should().Equal(expected);

        file = Core(3, 1, bits, palette, [.. new byte[1 << bits], .. line]);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 26);
        Pixels(file).Should().Equal(expected);
    }

    [Fact]
    public void Colours_without_a_palette_follow_the_header_where_the_offset_is_0()
    {
        foreach (var (bits, expected) in new[] { (16, new byte[] { 0, 172, 8 }), (24, [4, 4, 33]), (32, [4, 4, 33]) })
        {
            byte[] pixel = bits == 16 ? [0xA1, 0x02] : [33, 4, 4, 0];
            foreach (byte[] file in new[] { Info(40, 1, 1, bits, [], pixel), Core(1, 1, bits, [], pixel) })
            {
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 0);
                Pixels(file).Should().Equal(expected, "{0} bits", bits);
            }
        }
    }

    // Pillow 9.4: Image.open(file).convert("RGB").
    [Fact]
    public void Pixels_follow_the_masks_where_the_offset_is_0()
    {
        byte[] file = Info(40, 1, 1, bits: 32, [], [.. new byte[12], 1, 2, 3, 4], compression: 3);
        Put(file, 54, 0xFF0000, 0xFF00, 0xFF);
        Put(file, 10, 0);
        Pixels(file).Should().Equal(3, 2, 1);
        file = Info(108, 1, 1, bits: 32, [], [1, 2, 3, 4], compression: 3);
        Put(file, 54, 0xFF0000, 0xFF00, 0xFF, 0);
        Put(file, 10, 0);
        Pixels(file).Should().Equal(3, 2, 1);
        // An offset to the masks is an offset.
        file = Info(40, 1, 1, bits: 32, [], new byte[12], compression: 3);
        Put(file, 54, 0xFF0000, 0xFF00, 0xFF);
        Pixels(file).Should().Equal(255, 0, 0);
    }

    [Fact]
    public void Offsets_beyond_every_file_and_headers_that_just_fit_are_refused_with_the_reason()
    {
        byte[] file = Info(40, 1, 1, bits: 24, [], [1, 2, 3, 0]);
        byte[] runs = Info(40, 2, 1, bits: 8, new byte[1024], [2, 1], compression: 1);
        foreach (uint offset in new[] { 0x7FFFFFFFu, 1u << 31, uint.MaxValue - 100, uint.MaxValue })
        {
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(10), offset);
            Refusal(file).Should().Be("its pixels end early");
            BinaryPrimitives.WriteUInt32LittleEndian(runs.AsSpan(10), offset);
            Refusal(runs).Should().Be("its pixels end early");
        }
        // 18 bytes tell the header's length.
        file[14] = 41;
        Refusal(file[..18]).Should().StartWith("it is a BMP image with a header of 41 bytes,");
        Refusal(file[..17]).Should().Be("its header ends early");
        // Masks of 12 bytes, and no pixels.
        byte[] masks = Info(40, 1, 1, bits: 32, [], new byte[12], compression: 3);
        Put(masks, 54, 0xFF0000, 0xFF00, 0xFF);
        BinaryPrimitives.WriteInt32LittleEndian(masks.AsSpan(10), masks.Length);
        Refusal(masks).Should().Be("its pixels end early");
        Refusal(masks[..^1]).Should().Be("its header ends early");
    }

    [Fact]
    public void A_palette_may_be_shorter_or_longer_than_its_bits_and_is_refused_beyond_65536()
    {
        byte[] file = Info(40, 1, 1, bits: 8, new byte[1024], [255, 0, 0, 0]);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(46), 0);
        Pixels(file).Should().Equal(0, 0, 0);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(46), 65_536);
        Pixels(file).Should().Equal(0, 0, 0);
        // Of 255 colours the last index is none, and therefore grey.
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(46), 255);
        Pixels(file).Should().Equal(255, 255, 255);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(46), 65_537);
        var decode = () => Pixels(file);
        decode.Should().Throw<NotSupportedException>().WithMessage("it is a BMP image with a palette of 65537 colours");
    }

    [Fact]
    public void Runs_have_to_fill_the_image_to_the_pixel()
    {
        byte[] palette = new byte[1024];
        Pixels(Info(40, 3, 1, bits: 8, palette, [3, 1], compression: 1)).Should().HaveCount(9);
        Refusal(Info(40, 3, 1, bits: 8, palette, [2, 1], compression: 1)).Should().Be("its pixels end early");
        Refusal(Info(40, 3, 1, bits: 8, palette, [3], compression: 1)).Should().Be("its pixels end early");
        Pixels(Info(40, 3, 1, bits: 8, palette, [0, 3, 1, 2, 3], compression: 1)).Should().HaveCount(9);
        Refusal(Info(40, 3, 1, bits: 8, palette, [0, 3, 1, 2], compression: 1)).Should().Be("its pixels end early");
        // The end of the line fills it, a move skips pixels.
        Pixels(Info(40, 3, 1, bits: 8, palette, [0, 2, 3, 0], compression: 1)).Should().HaveCount(9);
        Refusal(Info(40, 3, 1, bits: 8, palette, [0, 2, 2, 0], compression: 1)).Should().Be("its pixels end early");
        Refusal(Info(40, 3, 1, bits: 8, palette, [0, 2, 3], compression: 1)).Should().Be("its pixels end early");
        Refusal(Info(40, 3, 1, bits: 8, palette, [0, 1, 3, 1], compression: 1)).Should().Be("its pixels end early");
    }

    private static byte[] Core(int width, int height, int bits, byte[] palette, byte[] data)
    {
        byte[] file = [.. new byte[26], .. palette, .. data];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 26 + palette.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 12);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(18), (short)width);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), (short)height);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(24), (short)bits);
        return file;
    }

    private static byte[] Info(int header, int width, int height, int bits, byte[] palette, byte[] data, int compression = 0)
    {
        byte[] file = [.. new byte[14 + header], .. palette, .. data];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 14 + header + palette.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), header);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), height);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(28), (short)bits);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(30), compression);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(46), palette.Length / 4);
        return file;
    }

    private static void Put(byte[] file, int at, params uint[] values)
    {
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at + (4 * i)), values[i]);
    }

    // Why a file is refused; nothing where it is read.
    private static string Refusal(byte[] file)
    {
        try
        {
            Pixels(file);
            return "";
        }
        catch (Exception refusal) when (refusal is InvalidDataException or NotSupportedException)
        {
            return refusal.Message;
        }
    }

    private static byte[] Pixels(byte[] file)
    {
        using var image = BmpDecoder.Decode(file, channels: 3);
        return image.Rows(0, image.Height).ToArray();
    }
}
