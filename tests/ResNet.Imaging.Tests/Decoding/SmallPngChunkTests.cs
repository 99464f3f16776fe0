using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ResNet.Imaging.Decoding;
using ResNet.Testing;

namespace ResNet.Imaging.Tests;

/// <summary>Files with right checksums whose chunks or sizes are not the simplest ones, which are left to libvips.</summary>
public sealed class SmallPngChunkTests : IDisposable
{
    // Compressed data of no bytes.
    private static readonly byte[] s_nothing = [0x78, 0x9C, 3, 0, 0, 0, 0, 1];

    // 2 x 2 pixels of grey, each line behind its filter.
    private static readonly byte[] s_lines = Deflated(0, 1, 2, 0, 3, 4);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // The data have as many bytes as the lines would have if the size counted as 0, or modulo 2³² as 0.
    [Theory]
    [InlineData(0u, 0u, 8, 0)]
    [InlineData(1u, 0u, 8, 0)]
    [InlineData(0u, 1u, 8, 1)]
    [InlineData(1u << 30, 4u, 8, 4)]
    [InlineData(49_153u, 1u, 8, 0)]
    [InlineData(1u, 1u, 16, 0)]
    public void A_size_or_depth_that_is_not_read_here_is_refused(uint width, uint height, byte bits, int bytes)
    {
        byte[] data = bytes == 0 ? s_nothing : Deflated(new byte[bytes]);
        byte[] file = Png(("IHDR", Header(width, height, bits)), ("IDAT", data), ("IEND", []));
        Decode(file).Should().BeNull();
        IsRefused(file).Should().BeTrue();
    }

    [Fact]
    public void A_file_begins_with_its_header()
    {
        byte[] file = Png(("tEXt", new byte[13]), ("IDAT", s_nothing), ("IEND", []));
        Decode(file).Should().BeNull();
        IsRefused(file).Should().BeTrue();
    }

    [Fact]
    public void Pixels_are_in_one_chunk_that_is_not_empty()
    {
        var header = ("IHDR", Header(2, 2));
        byte[] pixels = [1, 2, 3, 4];
        Decode(Png(header, ("IDAT", s_lines), ("IEND", []))).Should().Equal(pixels);
        Decode(Png(header, ("IDAT", []), ("IDAT", s_lines), ("IEND", []))).Should().Equal(pixels);
        Decode(Png(header, ("IDAT", s_lines), ("tEXt", [1]), ("IEND", []))).Should().Equal(pixels);

        Decode(Png(header, ("IDAT", s_lines), ("IDAT", Deflated(0, 5, 6, 0, 7, 8)), ("IEND", []))).Should().BeNull();
        Decode(Png(header, ("IDAT", s_lines), ("TEXt", [1]), ("IEND", []))).Should().BeNull();
        Decode(Png(header, ("IDAT", s_lines))).Should().BeNull();
        foreach (byte[] file in new[] { Png(header, ("IEND", [])), Png(header, ("IDAT", []), ("IEND", [])) })
        {
            Decode(file).Should().BeNull();
            IsRefused(file).Should().BeTrue();
        }

        byte[] emptyEnd = Png(header, ("IDAT", s_lines), ("IDAT", []), ("IEND", []));
        Decode(emptyEnd).Should().BeNull();
        using var image = ImageDecoder.Open(_folder.Write("a.png", emptyEnd), 1);
        image.Rows(0, 2).ToArray().Should().Equal(pixels);
    }

    [Fact]
    public void Data_that_cannot_be_decompressed_are_left_to_libvips()
    {
        byte[] wrongSum = [.. s_lines[..^1], (byte)(s_lines[^1] ^ 1)];
        byte[] wrongHeader = [0xFF, .. s_lines[1..]];
        byte[] wrongBlock = [0x78, 0x9C, 7, 0, 0, 0, 0, 1];
        // Without its last 6 bytes the data lack a pixel.
        foreach (byte[] data in new[] { wrongSum, wrongHeader, wrongBlock, s_lines[..^6], s_lines[..2] })
        {
            byte[] file = Png(("IHDR", Header(2, 2)), ("IDAT", data), ("IEND", []));
            Decode(file).Should().BeNull();
            IsRefused(file).Should().BeTrue();
        }
        // One byte more than the lines have.
        foreach (byte more in new byte[] { 0, 1 })
            Decode(Png(("IHDR", Header(2, 2)), ("IDAT", Deflated(0, 1, 2, 0, 3, 4, more)), ("IEND", []))).Should().BeNull();
    }

    // Left is 10 in all of them. Where two neighbours are as near to left + above - above left, left comes before above, and above
    // before above left. Left and above can only be as near as each other if both are the same or above left is nearer.
    [Theory]
    // 10 + 20 - 15 is as near to 10 as to 20, but it is 15, above left.
    [InlineData(15, 20, 15)]
    [InlineData(15, 10, 10)]
    // 10 + 16 - 12 = 14 is as near to above, 16, as to above left, 12.
    [InlineData(12, 16, 16)]
    // 10 + 16 - 14 = 12 is as near to left, 10, as to above left, 14.
    [InlineData(14, 16, 10)]
    // 10 + 10 - 20 = 0 is as near to left as to above.
    [InlineData(20, 10, 10)]
    public void A_tie_of_the_fourth_filter_is_decided_as_the_specification_says(byte aboveLeft, byte above, byte predicted)
    {
        // The first pixel of a line is predicted to be the one above it.
        byte[] lines = [0, aboveLeft, above, 4, (byte)(10 - aboveLeft), 3];
        byte[] expected = [aboveLeft, above, 10, (byte)(predicted + 3)];
        Decode(Png(("IHDR", Header(2, 2)), ("IDAT", Deflated(lines)), ("IEND", []))).Should().Equal(expected);

        byte[] leftToLibvips = Png(("IHDR", Header(2, 2)), ("IDAT", Deflated(lines)), ("IDAT", []), ("IEND", []));
        using var image = ImageDecoder.Open(_folder.Write("a.png", leftToLibvips), 1);
        image.Rows(0, 2).ToArray().Should().Equal(expected);
    }

    private static byte[] Header(uint width, uint height, byte bits = 8)
    {
        byte[] header = [0, 0, 0, 0, 0, 0, 0, 0, bits, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(header, width);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), height);
        return header;
    }

    private static byte[] Deflated(params byte[] lines)
    {
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Optimal)) zlib.Write(lines);
        return data.ToArray();
    }

    private static byte[] Png(params (string Type, byte[] Data)[] chunks)
    {
        List<byte> file = [.. SmallPng.Signature];
        foreach (var (type, data) in chunks)
        {
            byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data], length = new byte[4], sum = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
            BinaryPrimitives.WriteUInt32BigEndian(sum, SmallPng.Crc(body));
            file.AddRange([.. length, .. body, .. sum]);
        }
        return [.. file];
    }

    private static byte[]? Decode(byte[] file)
    {
        using var image = SmallPng.TryDecode(file, file.Length, channels: 1);
        return image?.Rows(0, image.Height).ToArray();
    }

    private bool IsRefused(byte[] file)
    {
        try
        {
            using var image = ImageDecoder.Open(_folder.Write("a.png", file), 1);
            return false;
        }
        catch (ImageDecodingException)
        {
            return true;
        }
    }
}
