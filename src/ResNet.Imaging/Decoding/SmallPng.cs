using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace ResNet.Imaging.Decoding;

/// <summary>
/// Decodes the simplest PNG files without libvips: small, 8 bits a channel, no palette, not interlaced, undamaged.
/// </summary>
/// <remarks>
/// libvips sets up a pipeline of objects for every image, which takes several times as long as decoding 28 x 28 pixels and
/// slows a training step down. All other files, damaged ones included, are left to libvips, so that one decoder decides what
/// is wrong with a file. Format: the PNG specification, third edition (W3C, 2025).
/// </remarks>
internal static class SmallPng
{
    // 128 x 128 RGB. For larger images the cost of libvips' pipeline is small, and libpng's filters are vectorised.
    private const int MostBytes = 128 * 128 * 3;

    // A chunk is its length, its type, its data and a checksum over type and data.
    private const int ChunkHead = 8;
    private const int ChunkOverhead = ChunkHead + 4;
    private const int HeaderLength = 13;

    private static readonly uint[] s_crcTable = MakeCrcTable();

    internal static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Decodes the first <paramref name="length"/> bytes of <paramref name="file"/>; null if libvips has to do it.</summary>
    public static DecodedImage? TryDecode(byte[] file, int length, int channels)
    {
        var contents = file.AsSpan(0, length);
        if (!contents.StartsWith(Signature) || !TryReadHeader(contents, out var width, out var height, out var bands))
            return null;
        if (!TryFindData(contents, out var dataStart, out var dataLength))
            return null;

        var lineLength = 1 + (width * bands);
        var buffer = ArrayPool<byte>.Shared.Rent(height * lineLength);
        try
        {
            var lines = buffer.AsSpan(0, height * lineLength);
            using var data = new MemoryStream(file, dataStart, dataLength, writable: false);
            if (!TryInflate(data, lines) || !TryUnfilter(lines, lineLength, bands))
                return null;

            var image = new DecodedImage(width, height, channels);
            var format = PixelFormat.Of8Bit(bands);
            for (var row = 0; row < height; row++)
                format.Convert(lines.Slice((row * lineLength) + 1, lineLength - 1), image.Rows(row, 1), channels);
            return image;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> contents, out int width, out int height, out int bands)
    {
        (width, height, bands) = (0, 0, 0);
        if (!TryReadChunk(contents, Signature.Length, out var type, out var header)
            || !type.SequenceEqual("IHDR"u8) || header.Length != HeaderLength)
        {
            return false;
        }
        var (wide, high) = (BinaryPrimitives.ReadUInt32BigEndian(header), BinaryPrimitives.ReadUInt32BigEndian(header[4..]));
        bands = header[9] switch { 0 => 1, 2 => 3, 4 => 2, 6 => 4, _ => 0 };
        // 8 bits a channel; compression, filter and interlace methods 0.
        if (bands == 0 || header[8] != 8 || header[10] != 0 || header[11] != 0 || header[12] != 0)
            return false;
        if (wide == 0 || high == 0 || wide > MostBytes || high > MostBytes || wide * high * bands > MostBytes)
            return false;
        (width, height) = ((int)wide, (int)high);
        return true;
    }

    // Finds the compressed pixels if they are in one chunk, as in most small images.
    private static bool TryFindData(ReadOnlySpan<byte> contents, out int start, out int length)
    {
        (start, length) = (0, 0);
        var position = Signature.Length + ChunkOverhead + HeaderLength;
        while (TryReadChunk(contents, position, out var type, out var data))
        {
            if (type.SequenceEqual("IEND"u8))
                return length > 0;
            if (type.SequenceEqual("IDAT"u8))
            {
                if (length > 0)
                    return false;
                (start, length) = (position + ChunkHead, data.Length);
            }
            else if (!IsAncillary(type))
            {
                return false;
            }
            position += ChunkOverhead + data.Length;
        }
        return false;
    }

    private static bool IsAncillary(ReadOnlySpan<byte> type) => char.IsAsciiLetterLower((char)type[0]);

    private static bool TryReadChunk(ReadOnlySpan<byte> contents, int position, out ReadOnlySpan<byte> type, out ReadOnlySpan<byte> data)
    {
        type = data = default;
        if (contents.Length - position < ChunkOverhead)
            return false;
        var length = BinaryPrimitives.ReadUInt32BigEndian(contents[position..]);
        if (length > contents.Length - position - ChunkOverhead)
            return false;
        var body = contents.Slice(position + 4, 4 + (int)length);
        type = body[..4];
        data = body[4..];
        return BinaryPrimitives.ReadUInt32BigEndian(contents[(position + ChunkHead + (int)length)..]) == Crc(body);
    }

    private static bool TryInflate(MemoryStream data, Span<byte> lines)
    {
        try
        {
            using var inflated = new ZLibStream(data, CompressionMode.Decompress);
            // Reading one byte more makes zlib reach the end and compare its checksum.
            return inflated.ReadAtLeast(lines, lines.Length, throwOnEndOfStream: false) == lines.Length && inflated.ReadByte() < 0;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static bool TryUnfilter(Span<byte> lines, int lineLength, int bands)
    {
        Span<byte> above = stackalloc byte[0];
        for (var start = 0; start < lines.Length; start += lineLength)
        {
            var filter = lines[start];
            var line = lines.Slice(start + 1, lineLength - 1);
            if (filter > 4)
                return false;
            if (filter != 0)
                Unfilter(filter, line, above, bands);
            above = line;
        }
        return true;
    }

    // Pixels above the first line and left of the first pixel count as 0.
    private static void Unfilter(byte filter, Span<byte> line, ReadOnlySpan<byte> above, int bands)
    {
        for (var i = 0; i < line.Length; i++)
        {
            var a = i < bands ? 0 : line[i - bands];
            var b = above.IsEmpty ? 0 : above[i];
            var c = i < bands || above.IsEmpty ? 0 : above[i - bands];
            line[i] += (byte)(filter switch
            {
                1 => a,
                2 => b,
                3 => (a + b) / 2,
                _ => Paeth(a, b, c),
            });
        }
    }

    private static int Paeth(int left, int above, int aboveLeft)
    {
        var estimate = left + above - aboveLeft;
        var (toLeft, toAbove, toAboveLeft) = (Math.Abs(estimate - left), Math.Abs(estimate - above), Math.Abs(estimate - aboveLeft));
        return toLeft <= toAbove && toLeft <= toAboveLeft ? left : toAbove <= toAboveLeft ? above : aboveLeft;
    }

    /// <summary>Computes the checksum at the end of a chunk, over its type and data.</summary>
    internal static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
            crc = s_crcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
                value = (value & 1) != 0 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
            table[i] = value;
        }
        return table;
    }
}
