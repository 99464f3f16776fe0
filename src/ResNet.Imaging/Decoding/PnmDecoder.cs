using System.Buffers;

namespace ResNet.Imaging.Decoding;

/// <summary>
/// Decodes the portable bitmaps, graymaps and pixmaps of Netpbm (P1 to P6), plain and raw, as Pillow does: samples are scaled
/// to 255, but grey of more than 8 bits is scaled to 65535 and then clipped to 255.
/// </summary>
/// <remarks>
/// libvips calls its own loader unsafe for untrusted files. Format: the manual pages pbm(5), pgm(5) and ppm(5).
/// </remarks>
internal static class PnmDecoder
{
    /// <summary>Whether a file has the signature of one of the six formats.</summary>
    public static bool Accepts(ReadOnlySpan<byte> file) =>
        file.Length > 2 && file[0] == 'P' && file[1] is >= (byte)'1' and <= (byte)'6' && Tokens.IsSpace(file[2]);

    /// <summary>Decodes the first picture of a file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or truncated.</exception>
    /// <exception cref="NotSupportedException">The picture is too large.</exception>
    public static DecodedImage Decode(ReadOnlySpan<byte> file, int channels, int maximumPixels = ImageDecoder.MaxPixels)
    {
        var kind = file[1] - '0';
        var tokens = new Tokens(file[2..]);
        var (width, height) = (tokens.Number("width"), tokens.Number("height"));
        ImageFormats.CheckSize(width, height, maximumPixels);
        var most = kind is 1 or 4 ? 1 : tokens.Number("largest value");
        if (most is < 1 or > 65535)
            throw new InvalidDataException($"its largest value is {most} and not between 1 and 65535");

        var bands = kind is 3 or 6 ? 3 : 1;
        CheckLength(tokens.Rest.Length, (long)width * bands, height, kind, most);
        var image = new DecodedImage(width, height, channels);
        var line = ArrayPool<byte>.Shared.Rent(width * bands);
        try
        {
            var samples = new Samples(tokens, kind, most, bands);
            for (var y = 0; y < height; y++)
            {
                samples.Read(line.AsSpan(0, width * bands));
                PixelFormat.Of8Bit(bands).Convert(line.AsSpan(0, width * bands), image.Rows(y, 1), channels);
            }
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(line);
        }
    }

    // The length is checked before memory for the pixels is allocated.
    private static void CheckLength(int there, long samples, int height, int kind, int most)
    {
        var least = kind switch
        {
            1 => samples * height,
            // A digit and a space, and no space after the last one.
            2 or 3 => (samples * height * 2) - 1,
            4 => (samples + 7) / 8 * height,
            _ => samples * height * (most > 255 ? 2 : 1),
        };
        if (there < least)
            throw new InvalidDataException("its pixels end early");
    }

    private ref struct Samples(Tokens tokens, int kind, int most, int bands)
    {
        private readonly byte[] _scaled = kind is 1 or 4 ? [] : Scale(most, bands);
        private Tokens _tokens = tokens;

        public void Read(Span<byte> line)
        {
            switch (kind)
            {
                case 1:
                    foreach (ref var sample in line)
                        sample = _tokens.Bit() ? byte.MinValue : byte.MaxValue;
                    break;
                case 2 or 3:
                    foreach (ref var sample in line)
                        sample = ReadPlain();
                    break;
                case 4:
                    var bits = _tokens.Take((line.Length + 7) / 8);
                    for (var x = 0; x < line.Length; x++)
                        line[x] = ((bits[x / 8] << (x % 8)) & 0x80) != 0 ? byte.MinValue : byte.MaxValue;
                    break;
                default:
                    ReadRaw(line);
                    break;
            }
        }

        private byte ReadPlain()
        {
            var value = _tokens.Number("sample");
            return value <= most
                ? _scaled[value]
                : throw new InvalidDataException($"it has a sample of {value} where {most} is the largest");
        }

        private void ReadRaw(Span<byte> line)
        {
            var wide = most > 255;
            var raw = _tokens.Take(line.Length * (wide ? 2 : 1));
            for (var i = 0; i < line.Length; i++)
                line[i] = _scaled[Math.Min(most, wide ? (raw[2 * i] << 8) | raw[(2 * i) + 1] : raw[i])];
        }

        private static byte[] Scale(int most, int bands)
        {
            var range = most > 255 && bands == 1 ? 65535.0 : 255.0;
            var scaled = new byte[most + 1];
            for (var value = 0; value <= most; value++)
                // Math.Round rounds halves to even, as Python's round does.
                scaled[value] = (byte)Math.Min(255, Math.Round((double)value / most * range));
            return scaled;
        }
    }

    /// <summary>Numbers separated by white space; a comment, from # to the end of its line, is skipped.</summary>
    private ref struct Tokens(ReadOnlySpan<byte> rest)
    {
        // Pillow's limit.
        private const int MostDigits = 10;

        public ReadOnlySpan<byte> Rest { get; private set; } = rest;

        public static bool IsSpace(byte character) => character is (byte)' ' or (>= 9 and <= 13);

        public ReadOnlySpan<byte> Take(int length)
        {
            if (length > Rest.Length)
                throw new InvalidDataException("its pixels end early");
            var taken = Rest[..length];
            Rest = Rest[length..];
            return taken;
        }

        /// <summary>Reads a number and the one character behind it.</summary>
        public int Number(string name)
        {
            var (value, digits) = (0L, 0);
            while (TryNext(out var character))
            {
                if (!IsSpace(character))
                {
                    if (!char.IsAsciiDigit((char)character) || ++digits > MostDigits)
                        throw new InvalidDataException($"its {name} is no number");
                    value = (value * 10) + character - '0';
                }
                else if (digits > 0)
                {
                    break;
                }
            }
            if (digits == 0)
                throw new InvalidDataException($"it ends before its {name}");
            return (int)Math.Min(value, int.MaxValue);
        }

        public bool Bit()
        {
            while (TryNext(out var character))
            {
                if (character is (byte)'0' or (byte)'1')
                    return character == '1';
                if (!IsSpace(character))
                    throw new InvalidDataException("it has a sample that is neither 0 nor 1");
            }
            throw new InvalidDataException("its pixels end early");
        }

        private bool TryNext(out byte character)
        {
            character = 0;
            while (!Rest.IsEmpty)
            {
                character = Rest[0];
                Rest = Rest[1..];
                if (character != '#')
                    return true;
                var end = Rest.IndexOfAny((byte)'\r', (byte)'\n');
                Rest = end < 0 ? [] : Rest[(end + 1)..];
            }
            return false;
        }
    }
}
