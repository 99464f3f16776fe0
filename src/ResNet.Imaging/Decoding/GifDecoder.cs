using System.Buffers.Binary;

namespace ResNet.Imaging.Decoding;

/// <summary>
/// Decodes the first picture of a GIF file as Pillow's <c>Image.open(path).convert("RGB")</c> does: transparent pixels keep the
/// colour of their palette entry, and so do those around a picture that is smaller than the screen.
/// </summary>
/// <remarks>Format: GIF89a specification, CompuServe 1990.</remarks>
internal static class GifDecoder
{
    private const int Extension = 0x21;
    private const int Picture = 0x2C;
    private const int Trailer = 0x3B;
    private const int GraphicControl = 0xF9;
    private const int ScreenLength = 13;
    private const int Colours = 256;

    /// <summary>Whether a file has the signature of a GIF file.</summary>
    internal static bool Accepts(ReadOnlySpan<byte> file) => FileKinds.Find(file) == FileKind.Gif;

    /// <summary>Decodes the first picture of a file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or truncated.</exception>
    /// <exception cref="NotSupportedException">The picture is too large.</exception>
    internal static DecodedImage Decode(ReadOnlySpan<byte> file, int channels, int maximumPixels)
    {
        var screen = Take(ref file, ScreenLength);
        var palette = GreyRamp();
        ReadPalette(ref file, screen[10], palette);
        var transparent = FindPicture(ref file);
        var frame = Take(ref file, 9);
        ReadPalette(ref file, frame[8], palette);
        var (left, top) = (Word(frame), Word(frame[2..]));
        var (width, height) = (Word(frame[4..]), Word(frame[6..]));
        // A picture that reaches beyond the screen makes it larger.
        var (fullWidth, fullHeight) = (Math.Max(Word(screen[6..]), left + width), Math.Max(Word(screen[8..]), top + height));
        ImageFormats.CheckSize(fullWidth, fullHeight, maximumPixels);

        // A DecodedImage has its memory from a pool, unless it is large.
        using var indices = new DecodedImage(width, height, channels: 1);
        var image = new DecodedImage(fullWidth, fullHeight, channels);
        try
        {
            var pixels = indices.Rows(0, height);
            Unpack(ref file, pixels);
            var line = new byte[fullWidth * 3];
            for (var y = 0; y < fullHeight; y++)
            {
                for (var x = 0; x < fullWidth; x++) palette.AsSpan((transparent ?? 0) * 3, 3).CopyTo(line.AsSpan(x * 3));
                if (y >= top && y < top + height)
                {
                    var row = (frame[8] & 0x40) != 0 ? InterlacedRow(y - top, height) : y - top;
                    for (var x = 0; x < width; x++)
                        palette.AsSpan(pixels[(row * width) + x] * 3, 3).CopyTo(line.AsSpan((left + x) * 3));
                }
                PixelFormat.Of8Bit(3).Convert(line, image.Rows(y, 1), channels);
            }
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    // Skips everything before the first picture, and returns the index that is transparent in it.
    private static int? FindPicture(ref ReadOnlySpan<byte> file)
    {
        int? transparent = null;
        while (true)
        {
            switch (Take(ref file, 1)[0])
            {
                case Picture:
                    return transparent;
                case Trailer:
                    throw new InvalidDataException("it has no picture");
                case Extension:
                    var isControl = Take(ref file, 1)[0] == GraphicControl;
                    for (var block = TakeBlock(ref file); block.Length > 0; block = TakeBlock(ref file))
                    {
                        if (isControl && block.Length >= 4 && (block[0] & 1) != 0) transparent = block[3];
                        isControl = false;
                    }
                    break;
            }
        }
    }

    // LZW codes of 3 to 12 bits, lowest bit first: a code is a colour, "clear", "end", or an earlier string and one more colour.
    private static void Unpack(ref ReadOnlySpan<byte> file, Span<byte> indices)
    {
        int colourBits = Take(ref file, 1)[0];
        if (colourBits is < 2 or > 8) throw new InvalidDataException($"its colours have {colourBits} bits");
        var strings = new Strings(1 << colourBits);
        var block = ReadOnlySpan<byte>.Empty;
        var (bits, bitCount, at, filled) = (0, 0, 0, 0);
        while (filled < indices.Length)
        {
            while (bitCount < strings.CodeBits)
            {
                if (at == block.Length)
                {
                    block = TakeBlock(ref file);
                    at = 0;
                    if (block.IsEmpty) throw new InvalidDataException("its pixels end early");
                }
                bits |= block[at++] << bitCount;
                bitCount += 8;
            }
            var code = bits & ((1 << strings.CodeBits) - 1);
            bits >>= strings.CodeBits;
            bitCount -= strings.CodeBits;
            if (code == strings.End) throw new InvalidDataException("its pixels end early");
            if (code == strings.Clear) strings.Reset();
            else filled += strings.Write(code, indices[filled..]);
        }
    }

    // Lines 0, 8, 16, …, then 4, 12, …, then 2, 6, … and then 1, 3, … follow each other.
    private static int InterlacedRow(int y, int height)
    {
        var before = 0;
        foreach (var (first, step) in new[] { (0, 8), (4, 8), (2, 4), (1, 2) })
        {
            if (y >= first && (y - first) % step == 0) return before + ((y - first) / step);
            before += Math.Max(0, (height - first + step - 1) / step);
        }
        throw new InvalidOperationException();
    }

    // Without a palette, and beyond its end, an index is a level of grey.
    private static byte[] GreyRamp()
    {
        var palette = new byte[Colours * 3];
        for (var i = 0; i < palette.Length; i++) palette[i] = (byte)(i / 3);
        return palette;
    }

    private static void ReadPalette(ref ReadOnlySpan<byte> file, int flags, byte[] palette)
    {
        if ((flags & 0x80) == 0) return;
        GreyRamp().CopyTo(palette, 0);
        Take(ref file, 6 << (flags & 7)).CopyTo(palette);
    }

    private static ReadOnlySpan<byte> TakeBlock(scoped ref ReadOnlySpan<byte> file) => Take(ref file, Take(ref file, 1)[0]);

    private static ReadOnlySpan<byte> Take(scoped ref ReadOnlySpan<byte> file, int count)
    {
        if (file.Length < count) throw new InvalidDataException("its end is missing");
        var taken = file[..count];
        file = file[count..];
        return taken;
    }

    private static int Word(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    /// <summary>The strings that codes stand for. Each is an earlier one and its last colour.</summary>
    private struct Strings(int clear)
    {
        private const int Most = 4096;

        private readonly short[] _prefix = new short[Most];
        private readonly byte[] _last = new byte[Most];
        private readonly int[] _length = new int[Most];
        private int _next = clear + 2;
        private int _previous = -1;

        internal readonly int Clear => clear;

        internal readonly int End => clear + 1;

        internal int CodeBits { get; private set; } = BitsFor(clear + 2);

        internal void Reset() => (_next, _previous, CodeBits) = (clear + 2, -1, BitsFor(clear + 2));

        /// <summary>Writes the string of a code, as far as there is room; returns how many colours were written.</summary>
        internal int Write(int code, Span<byte> destination)
        {
            if (code > _next || (code >= clear && _previous < 0) || (code == _next && _next == Most))
                throw new InvalidDataException("its pixels have an invalid code");
            // A code that is not defined yet is the previous string and its own first colour.
            var known = code == _next ? _previous : code;
            var first = FirstColour(known);
            if (_previous >= 0 && _next < Most)
            {
                (_prefix[_next], _last[_next], _length[_next]) = ((short)_previous, first, LengthOf(_previous) + 1);
                _next++;
                if (_next == 1 << CodeBits && CodeBits < 12) CodeBits++;
            }
            _previous = code;
            var length = LengthOf(code);
            for (var (i, part) = (length - 1, code); i >= 0; i--)
            {
                if (i < destination.Length) destination[i] = part < clear ? (byte)part : _last[part];
                part = part < clear ? 0 : _prefix[part];
            }
            return Math.Min(length, destination.Length);
        }

        private readonly int LengthOf(int code) => code < clear ? 1 : _length[code];

        private readonly byte FirstColour(int code)
        {
            while (code >= clear) code = _prefix[code];
            return (byte)code;
        }

        private static int BitsFor(int codes)
        {
            var bits = 1;
            while (1 << bits < codes) bits++;
            return bits;
        }
    }
}
