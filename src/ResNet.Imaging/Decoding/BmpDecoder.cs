using System.Buffers;
using System.Buffers.Binary;

namespace ResNet.Imaging.Decoding;

/// <summary>
/// Decodes Windows bitmaps as Pillow does: palettes of 1, 4 and 8 bits, 16, 24 and 32 bits, bit fields and run lengths.
/// </summary>
/// <remarks>
/// libvips reads BMP through ImageMagick, a loader that it calls unsafe for untrusted files. Format: "Bitmap Storage" of the
/// Windows documentation. The decoder follows the format where Pillow does not: Pillow takes a black and white palette of 4 or
/// 8 bits for one of 1 bit, and misreads run lengths after a move and after an odd number of 4-bit pixels.
/// </remarks>
internal static class BmpDecoder
{
    private const int FileHeaderLength = 14;
    private const int CoreHeaderLength = 12;

    // The shortest header with masks of red, green, blue and alpha in it; shorter ones are followed by the first three.
    private const int LengthWithMasks = 56;
    private const int MasksLength = 12;

    private enum Compression
    {
        None = 0,
        RunLength8 = 1,
        RunLength4 = 2,
        BitFields = 3,
    }

    // Red, green, blue and alpha for 32 bits: the masks that Pillow supports.
    private static readonly uint[][] s_masksOf32Bits =
    [
        [0xFF0000, 0xFF00, 0xFF, 0],
        [0xFF000000, 0xFF0000, 0xFF00, 0],
        [0xFF000000, 0xFF0000, 0xFF00, 0xFF],
        [0xFF, 0xFF00, 0xFF0000, 0xFF000000],
        [0xFF0000, 0xFF00, 0xFF, 0xFF000000],
        [0, 0, 0, 0],
    ];

    private static readonly uint[] s_masksOf24Bits = [0xFF0000, 0xFF00, 0xFF];
    private static readonly uint[] s_masks565 = [0xF800, 0x7E0, 0x1F];
    private static readonly uint[] s_masks555 = [0x7C00, 0x3E0, 0x1F];

    /// <summary>Whether a file has the signature of a bitmap.</summary>
    public static bool Accepts(ReadOnlySpan<byte> file) => file.StartsWith("BM"u8);

    /// <summary>Decodes a whole file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or truncated.</exception>
    /// <exception cref="NotSupportedException">The kind of bitmap is not supported.</exception>
    public static DecodedImage Decode(ReadOnlySpan<byte> file, int channels, int maximumPixels = ImageDecoder.MaxPixels)
    {
        var header = Header.Read(file);
        ImageFormats.CheckSize(header.Width, header.Height, maximumPixels);
        return header.Compression is Compression.RunLength8 or Compression.RunLength4
            ? DecodeRuns(file, header, channels)
            : DecodeLines(file, header, channels);
    }

    private static DecodedImage DecodeLines(ReadOnlySpan<byte> file, Header header, int channels)
    {
        var stride = (((long)header.Width * header.Bits) + 31) / 32 * 4;
        // The last line's padding may be missing.
        var used = (((long)header.Width * header.Bits) + 7) / 8;
        if (header.Offset + (stride * (header.Height - 1)) + used > file.Length)
            throw new InvalidDataException("its pixels end early");

        var image = new DecodedImage(header.Width, header.Height, channels);
        var line = ArrayPool<byte>.Shared.Rent(header.Width * 3);
        for (var y = 0; y < header.Height; y++)
        {
            var packed = file.Slice((int)(header.Offset + (stride * y)), (int)used);
            Unpack(packed, header, line.AsSpan(0, header.Width * 3));
            Write(line, header, y, image);
        }
        ArrayPool<byte>.Shared.Return(line);
        return image;
    }

    private static void Write(byte[] line, Header header, int y, DecodedImage image) => PixelFormat.Of8Bit(3).Convert(
        line.AsSpan(0, header.Width * 3), image.Rows(header.IsTopDown ? y : header.Height - 1 - y, 1), image.Channels);

    private static void Unpack(ReadOnlySpan<byte> packed, Header header, Span<byte> rgb)
    {
        switch (header.Bits)
        {
            case 16:
                Unpack16(packed, header.GreenBits, rgb);
                break;
            case 24:
            case 32:
                var (step, places) = (header.Bits / 8, header.Places);
                for (int from = 0, to = 0; to < rgb.Length; from += step, to += 3)
                {
                    rgb[to] = packed[from + places.Red];
                    rgb[to + 1] = packed[from + places.Green];
                    rgb[to + 2] = packed[from + places.Blue];
                }
                break;
            default:
                var (bits, perByte, mask) = (header.Bits, 8 / header.Bits, (1 << header.Bits) - 1);
                for (var x = 0; x < header.Width; x++)
                    header.PutColour((packed[x / perByte] >> (8 - bits - (x % perByte * bits))) & mask, rgb[(x * 3)..]);
                break;
        }
    }

    private static void Unpack16(ReadOnlySpan<byte> packed, int greenBits, Span<byte> rgb)
    {
        var mostGreen = (1 << greenBits) - 1;
        for (int from = 0, to = 0; to < rgb.Length; from += 2, to += 3)
        {
            int pixel = BinaryPrimitives.ReadUInt16LittleEndian(packed[from..]);
            rgb[to] = (byte)(((pixel >> (5 + greenBits)) & 31) * 255 / 31);
            rgb[to + 1] = (byte)(((pixel >> 5) & mostGreen) * 255 / mostGreen);
            rgb[to + 2] = (byte)((pixel & 31) * 255 / 31);
        }
    }

    private static DecodedImage DecodeRuns(ReadOnlySpan<byte> file, Header header, int channels)
    {
        // A few bytes can stand for very many pixels: they are counted before memory is allocated.
        if (!new BmpRuns(file, header.Offset, header.Width, header.Height, header.Bits).TryDecode([]))
            throw new InvalidDataException("its pixels end early");
        var count = header.Width * header.Height;
        var indices = ArrayPool<byte>.Shared.Rent(count);
        var image = new DecodedImage(header.Width, header.Height, channels);
        var line = ArrayPool<byte>.Shared.Rent(header.Width * 3);
        new BmpRuns(file, header.Offset, header.Width, header.Height, header.Bits).TryDecode(indices.AsSpan(0, count));
        for (var y = 0; y < header.Height; y++)
        {
            for (var x = 0; x < header.Width; x++)
                header.PutColour(indices[(y * header.Width) + x], line.AsSpan(x * 3));
            Write(line, header, y, image);
        }
        ArrayPool<byte>.Shared.Return(line);
        ArrayPool<byte>.Shared.Return(indices);
        return image;
    }

    private readonly ref struct Header
    {
        public int Width { get; private init; }

        public int Height { get; private init; }

        public int Bits { get; private init; }

        public Compression Compression { get; private init; }

        public bool IsTopDown { get; private init; }

        /// <summary>The position of the pixels in the file.</summary>
        public int Offset { get; private init; }

        /// <summary>The byte of each colour in a pixel of 24 or 32 bits.</summary>
        public (int Red, int Green, int Blue) Places { get; private init; }

        /// <summary>The number of bits of green in a pixel of 16 bits, 5 or 6.</summary>
        public int GreenBits { get; private init; }

        /// <summary>Blue, green, red and, in entries of four bytes, an unused byte.</summary>
        public ReadOnlySpan<byte> Palette { get; private init; }

        public int PaletteEntry { get; private init; }

        public static Header Read(ReadOnlySpan<byte> file)
        {
            if (file.Length < FileHeaderLength + 4)
                throw new InvalidDataException("its header ends early");
            var length = BinaryPrimitives.ReadUInt32LittleEndian(file[FileHeaderLength..]);
            if (length is not (CoreHeaderLength or 40 or 64 or 108 or 124))
            {
                throw new NotSupportedException(
                    $"it is a BMP image with a header of {length} bytes, which is none of 12, 40, 64, 108 and 124");
            }
            if (file.Length < FileHeaderLength + length)
                throw new InvalidDataException("its header ends early");

            var info = file.Slice(FileHeaderLength, (int)length);
            return length == CoreHeaderLength ? ReadCore(file, info) : ReadInfo(file, info);
        }

        public void PutColour(int index, Span<byte> rgb)
        {
            var entry = index * PaletteEntry;
            // An index beyond the palette is a grey value, as in Pillow.
            (rgb[0], rgb[1], rgb[2]) = entry + 3 <= Palette.Length
                ? (Palette[entry + 2], Palette[entry + 1], Palette[entry])
                : ((byte)index, (byte)index, (byte)index);
        }

        private static Header ReadCore(ReadOnlySpan<byte> file, ReadOnlySpan<byte> info)
        {
            var bits = CheckBits(Short(info, 10));
            return new Header
            {
                Width = Short(info, 4),
                Height = Short(info, 6),
                Bits = bits,
                Places = (2, 1, 0),
                GreenBits = 5,
                Palette = ReadPalette(file, bits, info.Length, 1 << bits, 3),
                PaletteEntry = 3,
                Offset = ReadOffset(file, bits, info.Length, 1u << bits, 3),
            };
        }

        private static Header ReadInfo(ReadOnlySpan<byte> file, ReadOnlySpan<byte> info)
        {
            var bits = CheckBits(Short(info, 14));
            var compression = (Compression)Int(info, 16);
            CheckCompression(compression, bits);
            var colours = Int(info, 32) is var stated && stated != 0 ? stated : 1u << (bits & 31);
            if (bits <= 8 && colours > 65536)
                throw new NotSupportedException($"it is a BMP image with a palette of {colours} colours");
            // As in Pillow, the most significant byte of the height decides whether lines start at the top.
            var isTopDown = info[11] == 0xFF;
            var height = Int(info, 8);
            var masks = compression == Compression.BitFields ? ReadMasks(file, info, bits) : [];
            var masksBehind = masks.Length > 0 && info.Length < LengthWithMasks ? MasksLength : 0;
            return new Header
            {
                Width = Length(Int(info, 4)),
                Height = Length(isTopDown ? 0u - height : height),
                Bits = bits,
                Compression = compression,
                IsTopDown = isTopDown,
                Places = bits == 32 && masks.Length > 0 && masks[0] != 0 ? (Place(masks[0]), Place(masks[1]), Place(masks[2])) : (2, 1, 0),
                GreenBits = masks.AsSpan().SequenceEqual(s_masks565) ? 6 : 5,
                Palette = ReadPalette(file, bits, info.Length, (int)Math.Min(colours, 256), 4),
                PaletteEntry = 4,
                Offset = ReadOffset(file, bits, info.Length + masksBehind, colours, 4),
            };
        }

        private static int CheckBits(int bits) => bits is 1 or 4 or 8 or 16 or 24 or 32
            ? bits
            : throw new NotSupportedException($"it is a BMP image of {bits} bits a pixel, which is none of 1, 4, 8, 16, 24 and 32");

        private static void CheckCompression(Compression compression, int bits)
        {
            var known = compression switch
            {
                Compression.None => true,
                Compression.RunLength8 => bits == 8,
                Compression.RunLength4 => bits == 4,
                Compression.BitFields => bits >= 16,
                _ => false,
            };
            if (!known)
            {
                throw new NotSupportedException(
                    $"it is a BMP image of {bits} bits a pixel with compression {(uint)compression}, which is not read");
            }
        }

        // The masks are in the header if it is long enough, and behind it otherwise.
        private static uint[] ReadMasks(ReadOnlySpan<byte> file, ReadOnlySpan<byte> info, int bits)
        {
            var inside = info.Length >= LengthWithMasks;
            var source = inside ? info[40..] : file[(FileHeaderLength + info.Length)..];
            if (source.Length < MasksLength)
                throw new InvalidDataException("its header ends early");
            uint[] masks = [Int(source, 0), Int(source, 4), Int(source, 8)];
            var alpha = inside ? Int(source, 12) : 0;
            uint[] known = bits switch
            {
                16 => masks.AsSpan().SequenceEqual(s_masks565) ? s_masks565 : s_masks555,
                24 => s_masksOf24Bits,
                _ => Array.Find(s_masksOf32Bits, four => four.AsSpan(0, 3).SequenceEqual(masks) && four[3] == alpha) ?? [],
            };
            return known.Length >= 3 && known.AsSpan(0, 3).SequenceEqual(masks)
                ? masks
                : throw new NotSupportedException("it is a BMP image whose colours lie in unusual bits, which is not read");
        }

        private static ReadOnlySpan<byte> ReadPalette(ReadOnlySpan<byte> file, int bits, int header, int colours, int entry)
        {
            if (bits > 8)
                return [];
            var rest = file[(FileHeaderLength + header)..];
            return rest[..Math.Min(rest.Length, Math.Min(colours, 256) * entry)];
        }

        private static int ReadOffset(ReadOnlySpan<byte> file, int bits, int header, uint colours, int entry)
        {
            var offset = (long)Int(file, 10);
            var afterPalette = FileHeaderLength + header + (bits <= 8 ? colours * (long)entry : 0);
            if (offset == 0)
                offset = afterPalette;
            else if (offset == FileHeaderLength + header && bits <= 8)
                offset += colours * 4L;
            return offset <= file.Length ? (int)offset : throw new InvalidDataException("its pixels end early");
        }

        private static int Place(uint mask) => System.Numerics.BitOperations.TrailingZeroCount(mask) / 8;

        private static int Length(uint length) => length <= int.MaxValue ? (int)length : int.MaxValue;

        private static int Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

        private static uint Int(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
    }
}
