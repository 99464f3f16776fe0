using System.Buffers.Binary;
using System.IO.Compression;

namespace ResNet.Testing;

/// <summary>Writes TIFF and BigTIFF files straight from the format's description, sound ones and damaged ones.</summary>
internal sealed record TestTiff(int Width, int Height)
{
    /// <summary>The bits of each sample of a pixel.</summary>
    public int[] Bits { get; init; } = [8];

    /// <summary>0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 CIELab.</summary>
    public int Photometric { get; init; } = 1;

    /// <summary>1 none, 5 LZW, 8 deflate, 32773 PackBits; the data of any other are written as they are.</summary>
    public int Compression { get; init; } = 1;

    /// <summary>Width and height of a tile; null for strips.</summary>
    public (int Width, int Height)? Tile { get; init; }

    /// <summary>The height of a strip.</summary>
    public int RowsPerStrip { get; init; } = int.MaxValue;

    /// <summary>Whether each sample has a plane of its own.</summary>
    public bool IsPlanar { get; init; }

    public bool IsBigEndian { get; init; }

    /// <summary>Whether offsets have 8 bytes.</summary>
    public bool IsBigTiff { get; init; }

    /// <summary>Further tags and their 16-bit values.</summary>
    public (int Tag, int[] Values)[] Extra { get; init; } = [];

    /// <summary>Changes the stored bytes of a strip or tile.</summary>
    public Func<int, byte[], byte[]> Damage { get; init; } = (_, data) => data;

    /// <summary>Changes the stored place and length of a strip or tile.</summary>
    public Func<int, (long Offset, long Count), (long Offset, long Count)> Misplace { get; init; } = (_, place) => place;

    /// <summary>Whether another picture, all zero, follows.</summary>
    public bool HasSecondPage { get; init; }

    private int BitsPerPixel => Bits.Sum();

    /// <summary>Makes a file.</summary>
    /// <param name="rows">The rows without padding beyond a byte, in the file's byte order, pixel by pixel; whole bytes if planar.</param>
    public byte[] Encode(byte[] rows)
    {
        var file = new List<byte>(IsBigEndian ? "MM"u8.ToArray() : "II"u8.ToArray());
        file.AddRange(Number(IsBigTiff ? 43 : 42, 2));
        if (IsBigTiff) file.AddRange([.. Number(8, 2), .. Number(0, 2)]);
        var start = file.Count;
        file.AddRange(Number(0, Wide));
        var places = Parts(rows).Select((part, i) =>
        {
            var data = Damage(i, Compress(part));
            var place = Misplace(i, (file.Count, data.Length));
            file.AddRange(data);
            if (file.Count % 2 == 1) file.Add(0);
            return place;
        }).ToArray();
        WriteDirectory(file, start, places, Width, Height);
        return [.. file];
    }

    /// <summary>The stored parts of an image, whose bytes may come from anywhere.</summary>
    public byte[] EncodeParts(byte[][] parts)
    {
        var i = 0;
        return (this with { Damage = (_, _) => parts[i++] }).Encode(new byte[RowLength(Width) * Height]);
    }

    private int Wide => IsBigTiff ? 8 : 4;

    private void WriteDirectory(List<byte> file, int start, (long Offset, long Count)[] places, int width, int height)
    {
        var here = Number(file.Count, Wide);
        for (var i = 0; i < Wide; i++) file[start + i] = here[i];
        var tags = new SortedDictionary<int, (int Type, long[] Values)>
        {
            [256] = (4, [width]),
            [257] = (4, [height]),
            [258] = (3, [.. Bits.Select(bits => (long)bits)]),
            [259] = (3, [Compression]),
            [262] = (3, [Photometric]),
            [277] = (3, [Bits.Length]),
            [Tile is null ? 273 : 324] = (4, [.. places.Select(place => place.Offset)]),
            [Tile is null ? 279 : 325] = (4, [.. places.Select(place => place.Count)]),
            [284] = (3, [IsPlanar ? 2 : 1]),
        };
        if (Tile is { } tile) (tags[322], tags[323]) = ((4, [tile.Width]), (4, [tile.Height]));
        else tags[278] = (4, [Math.Min(RowsPerStrip, height)]);
        foreach (var (tag, values) in Extra) tags[tag] = (3, [.. values.Select(value => (long)value)]);

        var outside = new List<byte>();
        var entries = new List<byte>(Number(tags.Count, IsBigTiff ? 8 : 2));
        var end = file.Count + entries.Count + (tags.Count * (4 + (2 * Wide))) + Wide;
        foreach (var (tag, (type, values)) in tags)
        {
            byte[] data = [.. values.SelectMany(value => Number(value, type == 3 ? 2 : 4))];
            entries.AddRange([.. Number(tag, 2), .. Number(type, 2), .. Number(values.Length, Wide)]);
            if (data.Length > Wide)
            {
                entries.AddRange(Number(end + outside.Count, Wide));
                outside.AddRange(data);
            }
            else
            {
                entries.AddRange([.. data, .. new byte[Wide - data.Length]]);
            }
        }
        file.AddRange(entries);
        var next = file.Count;
        file.AddRange(Number(0, Wide));
        file.AddRange(outside);
        if (!HasSecondPage) return;
        if (file.Count % 2 == 1) file.Add(0);
        var empty = new TestTiff(3, 2) { IsBigEndian = IsBigEndian, IsBigTiff = IsBigTiff };
        var pixels = file.Count;
        file.AddRange(new byte[6]);
        empty.WriteDirectory(file, next, [(pixels, 6)], 3, 2);
    }

    private IEnumerable<byte[]> Parts(byte[] rows)
    {
        if (!IsPlanar) return PartsOf(rows, BitsPerPixel);
        var sizes = Bits.Select(bits => bits / 8).ToArray();
        return sizes.SelectMany((size, plane) =>
        {
            var before = sizes[..plane].Sum();
            return PartsOf([.. rows.Chunk(sizes.Sum()).SelectMany(pixel => pixel.Skip(before).Take(size))], size * 8);
        });
    }

    private IEnumerable<byte[]> PartsOf(byte[] rows, int bitsPerPixel)
    {
        var rowLength = ((Width * bitsPerPixel) + 7) / 8;
        if (Tile is not { } tile) return rows.Chunk((int)Math.Min(rows.Length, (long)RowsPerStrip * rowLength));
        var tileRow = ((tile.Width * bitsPerPixel) + 7) / 8;
        return
            from top in Enumerable.Range(0, (Height + tile.Height - 1) / tile.Height)
            from left in Enumerable.Range(0, (Width + tile.Width - 1) / tile.Width)
            select Enumerable.Range(top * tile.Height, tile.Height).SelectMany(y =>
            {
                // What lies beyond the image is garbage.
                var row = new byte[tileRow];
                Array.Fill(row, (byte)0xA5);
                if (y < Height)
                {
                    var rest = rows.AsSpan(y * rowLength, rowLength)[(left * tileRow)..];
                    rest[..Math.Min(tileRow, rest.Length)].CopyTo(row);
                }
                return row;
            }).ToArray();
    }

    private int RowLength(int width) => ((width * BitsPerPixel) + 7) / 8;

    private byte[] Compress(byte[] data) => Compression switch
    {
        5 => Lzw(data),
        8 or 32946 => Deflate(data),
        // A run of up to 128 bytes as they are.
        32773 => [.. data.Chunk(128).SelectMany(run => run.Prepend((byte)(run.Length - 1)))],
        _ => data,
    };

    private static byte[] Deflate(byte[] data)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal)) zlib.Write(data);
        return packed.ToArray();
    }

    // Codes of 9 bits only, highest bit first: the table is cleared before they would become longer.
    private static byte[] Lzw(byte[] data)
    {
        var bits = new List<bool>();
        void Put(int code)
        {
            for (var bit = 8; bit >= 0; bit--) bits.Add((code >> bit & 1) != 0);
        }

        foreach (var run in data.Chunk(200))
        {
            Put(256);
            foreach (var value in run) Put(value);
        }
        Put(257);
        return [.. bits.Chunk(8).Select(eight => (byte)eight.Select((bit, i) => bit ? 0x80 >> i : 0).Sum())];
    }

    private byte[] Number(long value, int length)
    {
        var bytes = new byte[8];
        if (IsBigEndian)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
            return bytes[(8 - length)..];
        }
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes[..length];
    }
}
