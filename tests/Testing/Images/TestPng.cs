using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ResNet.Testing;

/// <summary>Writes PNG files of every kind, following the specification and without the library's own encoder.</summary>
internal sealed record TestPng(int Width, int Height, TestPng.Colours Colour, int BitDepth = 8)
{
    public enum Colours
    {
        Grey = 0,
        Rgb = 2,
        Palette = 3,
        GreyAlpha = 4,
        RgbAlpha = 6,
    }

    /// <summary>The filter of every line, 0 to 4.</summary>
    public int Filter { get; init; }

    /// <summary>The number of chunks of the compressed pixels.</summary>
    public int DataChunks { get; init; } = 1;

    public bool Interlaced { get; init; }

    /// <summary>Chunks between the header and the pixels: PLTE and tRNS for example.</summary>
    public IReadOnlyList<(string Type, byte[] Data)> Extra { get; init; } = [];

    private int Bands => Colour switch { Colours.Rgb => 3, Colours.GreyAlpha => 2, Colours.RgbAlpha => 4, _ => 1 };

    /// <summary>Makes the file from packed samples: each line starts at a byte, 16-bit samples are big-endian.</summary>
    public byte[] Encode(byte[] samples)
    {
        var stride = ((Width * Bands * BitDepth) + 7) / 8;
        samples.Length.Should().Be(stride * Height);
        var lines = new byte[Height * (stride + 1)];
        for (var y = 0; y < Height; y++)
        {
            lines[y * (stride + 1)] = (byte)Filter;
            for (var x = 0; x < stride; x++)
                lines[(y * (stride + 1)) + 1 + x] = (byte)(samples[(y * stride) + x] - Predict(samples, stride, x, y));
        }
        return EncodeLines(lines);
    }

    /// <summary>Makes the file from filtered lines, each of which begins with the number of its filter.</summary>
    public byte[] EncodeLines(byte[] lines)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Height);
        (header[8], header[9], header[12]) = ((byte)BitDepth, (byte)Colour, (byte)(Interlaced ? 1 : 0));

        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(lines);
        var compressed = data.ToArray();

        byte[] signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];
        return
        [
            .. signature,
            .. Chunk("IHDR", header),
            .. Extra.SelectMany(extra => Chunk(extra.Type, extra.Data)),
            .. compressed.Chunk((compressed.Length + DataChunks - 1) / DataChunks).SelectMany(part => Chunk("IDAT", part)),
            .. Chunk("IEND", []),
        ];
    }

    private byte Predict(byte[] samples, int stride, int x, int y)
    {
        var step = Math.Max(1, Bands * BitDepth / 8);
        int At(int column, int row) => column < 0 || row < 0 ? 0 : samples[(row * stride) + column];
        var (a, b, c) = (At(x - step, y), At(x, y - 1), At(x - step, y - 1));
        var closest = new[] { a, b, c }.MinBy(value => Math.Abs(a + b - c - value));
        return (byte)(Filter switch { 0 => 0, 1 => a, 2 => b, 3 => (a + b) / 2, _ => closest });
    }

    private static byte[] Chunk(string type, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        var (length, checksum) = (new byte[4], new byte[4]);
        BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(checksum, Crc(body));
        return [.. length, .. body, .. checksum];
    }

    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 * (crc & 1));
        }
        return ~crc;
    }
}
