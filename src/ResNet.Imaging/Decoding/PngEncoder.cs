using System.Buffers.Binary;
using System.IO.Compression;

namespace ResNet.Imaging.Decoding;

/// <summary>Encodes PNG files of 8-bit grey, RGB or RGBA, with fast compression and without filters, for many small images.</summary>
internal static class PngEncoder
{
    /// <summary>Encodes an image to the bytes of a PNG file.</summary>
    /// <param name="pixels">Interleaved <c>[height, width, channels]</c>, 8 bits each.</param>
    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    /// <param name="channels">1 for grey, 3 for RGB, 4 for RGB with alpha.</param>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> has another length than the sizes say.</exception>
    internal static byte[] Encode(ReadOnlySpan<byte> pixels, int width, int height, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (channels is not (1 or 3 or 4))
        {
            throw new ArgumentOutOfRangeException(
                nameof(channels), channels, "A PNG is written with 1 channel (grey), 3 (RGB) or 4 (RGBA).");
        }
        var length = (long)width * height * channels;
        if (pixels.Length != length)
            throw new ArgumentException($"{pixels.Length} bytes are not {height} x {width} x {channels} = {length}.", nameof(pixels));

        Span<byte> header = stackalloc byte[13];
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = (byte)(channels switch { 1 => 0, 3 => 2, _ => 6 });

        using var png = new MemoryStream();
        png.Write(SmallPng.Signature);
        WriteChunk(png, "IHDR"u8, header);
        WriteChunk(png, "IDAT"u8, Compress(pixels, width * channels));
        WriteChunk(png, "IEND"u8, default);
        return png.ToArray();
    }

    private static ReadOnlySpan<byte> Compress(ReadOnlySpan<byte> pixels, int stride)
    {
        var lines = new byte[checked(pixels.Length / stride * (stride + 1))];
        for (int from = 0, to = 0; from < pixels.Length; from += stride, to += stride + 1)
            pixels.Slice(from, stride).CopyTo(lines.AsSpan(to + 1));

        var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(lines);
        return data.GetBuffer().AsSpan(0, (int)data.Length);
    }

    private static void WriteChunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        var start = (int)png.Length;
        png.Write(type);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, SmallPng.Crc(png.GetBuffer().AsSpan(start, (int)png.Length - start)));
        png.Write(number);
    }
}
