using System.Buffers.Binary;

namespace ResNet.Imaging.Decoding.Jpeg;

/// <summary>One component of a JPEG image: luma, or one of the two chroma.</summary>
/// <param name="Id">Its identifier in the file.</param>
/// <param name="Across">Blocks of a minimum coded unit, horizontally.</param>
/// <param name="Down">Blocks of a minimum coded unit, vertically.</param>
/// <param name="Quantization">The index of its quantization table.</param>
internal readonly record struct JpegComponent(int Id, int Across, int Down, int Quantization);

/// <summary>
/// The header of a baseline JPEG file, up to the scan (ITU-T T.81, annex B), of the supported kinds: 8 bits, Huffman codes, grey
/// or YCbCr with chroma of full size, half width, or half width and height, in one scan.
/// </summary>
/// <remarks>Other kinds and invalid files are left to libvips, so that one decoder decides what is wrong with a file.</remarks>
internal sealed class JpegHeader
{
    private const int Tables = 4;
    private const int MostBlocks = 4;

    // libjpeg's limits (jmorecfg.h, jdmarker.c).
    private const int LargestSide = 65_500;
    private const int JfifLength = 14;

    private const int BlockSize = 64;

    private const byte StartOfImage = 0xD8;
    private const byte BaselineFrame = 0xC0;
    private const byte ExtendedFrame = 0xC1;
    private const byte HuffmanTables = 0xC4;
    private const byte StartOfScan = 0xDA;
    private const byte QuantizationTables = 0xDB;
    private const byte RestartInterval = 0xDD;
    private const byte FirstApplication = 0xE0;
    private const byte LastApplication = 0xEF;
    private const byte Comment = 0xFE;

    private readonly bool[] _hasQuantization = new bool[Tables];
    private readonly JpegComponent[] _components = new JpegComponent[3];
    private readonly int[] _dcOf = new int[3];
    private readonly int[] _acOf = new int[3];
    private bool _isJfif;
    private int _adobeTransform;

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>1 for grey, 3 for YCbCr.</summary>
    public int Components { get; private set; }

    /// <summary>Minimum coded units between restart markers; 0 for none.</summary>
    public int UnitsBetweenRestarts { get; private set; }

    /// <summary>The position of the scan's data in the file.</summary>
    public int ScanStart { get; private set; }

    /// <summary>The quantization tables, each with 64 values, row by row.</summary>
    public short[] Quantization { get; } = GC.AllocateArray<short>(Tables * BlockSize, pinned: true);

    private HuffmanTable[] DcTables { get; } = [new(), new(), new(), new()];

    private HuffmanTable[] AcTables { get; } = [new(), new(), new(), new()];

    public JpegComponent Component(int index) => _components[index];

    public HuffmanTable Dc(int component) => DcTables[_dcOf[component]];

    public HuffmanTable Ac(int component) => AcTables[_acOf[component]];

    /// <summary>Reads the header; false where libvips has to decode the file.</summary>
    public bool TryRead(ReadOnlySpan<byte> file)
    {
        Reset();
        if (file.Length < 4 || file[0] != 0xFF || file[1] != StartOfImage) return false;
        var position = 2;
        while (position + 4 <= file.Length)
        {
            if (file[position] != 0xFF) return false;
            var marker = file[position + 1];
            if (marker == 0xFF)
            {
                // Any number of fill bytes may precede a marker.
                position++;
                continue;
            }
            var length = BinaryPrimitives.ReadUInt16BigEndian(file[(position + 2)..]);
            if (length < 2 || position + 2 + length > file.Length) return false;
            var segment = file.Slice(position + 4, length - 2);
            position += 2 + length;
            if (marker == StartOfScan)
            {
                ScanStart = position;
                return TryReadScan(segment) && IsDecodable();
            }
            if (!TryReadSegment(marker, segment)) return false;
        }
        return false;
    }

    private void Reset()
    {
        (Width, Height, Components, UnitsBetweenRestarts, _isJfif, _adobeTransform) = (0, 0, 0, 0, false, -1);
        Array.Clear(_hasQuantization);
        foreach (var table in DcTables) table.IsDefined = false;
        foreach (var table in AcTables) table.IsDefined = false;
    }

    private bool TryReadSegment(byte marker, ReadOnlySpan<byte> segment)
    {
        switch (marker)
        {
            case BaselineFrame or ExtendedFrame:
                return TryReadFrame(segment);
            case HuffmanTables:
                return TryReadHuffmanTables(segment);
            case QuantizationTables:
                return TryReadQuantizationTables(segment);
            case RestartInterval:
                if (segment.Length != 2) return false;
                UnitsBetweenRestarts = BinaryPrimitives.ReadUInt16BigEndian(segment);
                return true;
            case FirstApplication:
                _isJfif |= segment.Length >= JfifLength && segment.StartsWith("JFIF\0"u8);
                return true;
            case 0xEE when segment.StartsWith("Adobe"u8) && segment.Length >= 12:
                _adobeTransform = segment[11];
                return true;
            default:
                return marker is > FirstApplication and <= LastApplication or Comment;
        }
    }

    private bool TryReadFrame(ReadOnlySpan<byte> segment)
    {
        if (Components != 0 || segment.Length < 6 || segment[0] != 8) return false;
        Height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]);
        Width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        Components = segment[5];
        if (Height is 0 or > LargestSide || Width is 0 or > LargestSide) return false;
        if (Components is not (1 or 3) || segment.Length != 6 + (3 * Components)) return false;
        for (var i = 0; i < Components; i++)
        {
            var bytes = segment.Slice(6 + (3 * i), 3);
            var (across, down) = (bytes[1] >> 4, bytes[1] & 15);
            if (bytes[2] >= Tables || across is 0 or > MostBlocks || down is 0 or > MostBlocks) return false;
            _components[i] = new JpegComponent(bytes[0], across, down, bytes[2]);
        }
        return true;
    }

    private bool TryReadQuantizationTables(ReadOnlySpan<byte> segment)
    {
        while (segment.Length > 0)
        {
            var (wide, table) = (segment[0] >> 4, segment[0] & 15);
            var length = 1 + (BlockSize * (wide + 1));
            if (wide > 1 || table >= Tables || segment.Length < length) return false;
            for (var k = 0; k < BlockSize; k++)
            {
                var value = wide == 0 ? segment[1 + k] : BinaryPrimitives.ReadUInt16BigEndian(segment[(1 + (2 * k))..]);
                Quantization[(table * BlockSize) + ScanReader.NaturalOrder[k]] = (short)value;
            }
            _hasQuantization[table] = true;
            segment = segment[length..];
        }
        return true;
    }

    private bool TryReadHuffmanTables(ReadOnlySpan<byte> segment)
    {
        while (segment.Length > 0)
        {
            var (kind, table) = (segment[0] >> 4, segment[0] & 15);
            if (kind > 1 || table >= Tables) return false;
            var length = (kind == 0 ? DcTables : AcTables)[table].Define(segment[1..]);
            if (length == 0) return false;
            segment = segment[(1 + length)..];
        }
        return true;
    }

    private bool TryReadScan(ReadOnlySpan<byte> segment)
    {
        if (Components == 0 || segment.Length != 4 + (2 * Components) || segment[0] != Components) return false;
        for (var i = 0; i < Components; i++)
        {
            if (segment[1 + (2 * i)] != _components[i].Id) return false;
            var tables = segment[2 + (2 * i)];
            (_dcOf[i], _acOf[i]) = (tables >> 4, tables & 15);
            if (_dcOf[i] >= Tables || _acOf[i] >= Tables || !Dc(i).IsDefined || !Dc(i).HasOnlySizes || !Ac(i).IsDefined) return false;
        }
        // A baseline scan has all coefficients, in full precision.
        return segment[^3] == 0 && segment[^2] == 63 && segment[^1] == 0;
    }

    private bool IsDecodable()
    {
        for (var i = 0; i < Components; i++)
        {
            if (!_hasQuantization[_components[i].Quantization]) return false;
        }
        if (Components == 1)
        {
            // The only component of a scan is not cut into units of several blocks.
            _components[0] = _components[0] with { Across = 1, Down = 1 };
            return true;
        }
        var (luma, blue, red) = (_components[0], _components[1], _components[2]);
        if ((blue.Across, blue.Down, red.Across, red.Down) != (1, 1, 1, 1)) return false;
        if ((luma.Across, luma.Down) is not ((1, 1) or (2, 1) or (2, 2))) return false;
        // libjpeg does not interpolate chroma of one or two columns, but repeats them.
        return IsYcc() && (luma.Across == 1 || Width > 4);
    }

    // libjpeg's rules (jdapimin.c).
    private bool IsYcc()
    {
        if (_isJfif) return true;
        if (_adobeTransform >= 0) return _adobeTransform == 1;
        return (_components[0].Id, _components[1].Id, _components[2].Id) == (1, 2, 3);
    }
}
