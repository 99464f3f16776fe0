using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ResNet.Imaging.Decoding.Jpeg;

/// <summary>Reads the coefficients of a baseline scan, block by block (ITU-T T.81, annex F.2).</summary>
/// <remarks>
/// The scan is first copied without the zero after each 0xFF and without restart markers, so that bits can be read eight bytes
/// at a time. The copy is padded by the length of the longest block.
/// </remarks>
internal sealed unsafe class ScanReader
{
    // A block has at most 64 codes of 16 bits, each followed by 15 bits; eight bytes are read at once.
    private const int Padding = 512;

    private const int LongestScan = 1 << 30;

    private const int BlockLength = 64;
    private const int SixteenZeros = 0xF0;

    // The place of each coefficient in its block. Indices beyond 63, which damaged files and the ends of blocks have, map to the
    // first coefficient, because it is written last.
    private static readonly byte[] s_order = MakeOrder();

    private readonly List<(int Start, int End)> _parts = [];
    private byte[] _buffer = [];
    private int _part;

    // The upper _count bits of _bits are the next ones; the bits after them are in memory from _next on.
    private ulong _bits;
    private int _count;
    private byte* _next;
    private byte* _end;

    /// <summary>The place in the block of each of the 64 coefficients of a file.</summary>
    public static ReadOnlySpan<byte> NaturalOrder => s_order.AsSpan(0, BlockLength);

    private static byte[] MakeOrder()
    {
        var order = GC.AllocateArray<byte>(BlockLength + HuffmanTable.EndOfBlock + BlockLength, pinned: true);
        Zigzag.CopyTo(order);
        return order;
    }

    private static ReadOnlySpan<byte> Zigzag =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    /// <summary>Copies a scan.</summary>
    /// <param name="scan">The file from the scan's data on.</param>
    /// <param name="parts">The number of parts between restart markers.</param>
    /// <returns>
    /// False where the number of parts differs, the markers are out of order, or the scan does not end with the end of the image.
    /// </returns>
    public bool TryStart(ReadOnlySpan<byte> scan, int parts)
    {
        const byte firstRestart = 0xD0;
        const byte endOfImage = 0xD9;
        _parts.Clear();
        IsCut = false;
        if (scan.Length > LongestScan) return false;
        Memory.Reserve(ref _buffer, scan.Length + Padding);
        var (from, to, start) = (0, 0, 0);
        while (true)
        {
            var length = scan[from..].IndexOf((byte)0xFF);
            var plain = length < 0 ? scan.Length - from : length;
            Append(scan.Slice(from, plain), ref to);
            from += plain;
            if (from + 1 >= scan.Length) return false;
            var marker = scan[from + 1];
            if (marker == 0)
            {
                Append(scan.Slice(from, 1), ref to);
                from += 2;
            }
            else if (marker == 0xFF)
            {
                from++;
            }
            else
            {
                _parts.Add((start, to));
                start = to;
                if (marker == endOfImage) break;
                IsCut = !MayStandInScan(marker);
                if (IsCut) break;
                if (_parts.Count == parts) return false;
                if (marker < firstRestart || marker >= firstRestart + 8 || marker - firstRestart != (_parts.Count - 1) % 8) return false;
                from += 2;
            }
        }
        _buffer.AsSpan(to, Padding).Clear();
        Rewind();
        return !IsCut && _parts.Count == parts;
    }

    /// <summary>Whether the data of the last scan ended with a marker other than the end of the image.</summary>
    public bool IsCut { get; private set; }

    // Restart markers, and the segments that readers skip: application segments and comments.
    private static bool MayStandInScan(byte marker) => marker is (>= 0xD0 and <= 0xD7) or (>= 0xE0 and <= 0xEF) or 0xFE;

    /// <summary>Forgets the scan.</summary>
    public void Forget() => IsCut = false;

    /// <summary>Frees the memory of a large image.</summary>
    public void Trim() => Memory.Trim(ref _buffer);

    /// <summary>Returns to the start of the scan.</summary>
    public void Rewind()
    {
        _part = -1;
        TryNextPart();
    }

    /// <summary>Continues after the next restart marker; false where there is none.</summary>
    public bool TryNextPart()
    {
        if (++_part >= _parts.Count) return false;
        // The buffer is pinned.
        var buffer = (byte*)Unsafe.AsPointer(ref _buffer[0]);
        (_bits, _count) = (0, 0);
        _next = buffer + _parts[_part].Start;
        _end = buffer + _parts[_part].End;
        return true;
    }

    /// <summary>Reads a block's coefficients into memory that is zero.</summary>
    /// <param name="dc">The code of the first coefficient.</param>
    /// <param name="ac">The code of the others.</param>
    /// <param name="last">The first coefficient of the component's previous block; receives that of this block.</param>
    /// <param name="block">Receives 64 coefficients, row by row; null to skip the block.</param>
    /// <param name="isFlat">Whether the first coefficient is the only one.</param>
    /// <returns>False where the data are damaged or end too early.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool TryRead(HuffmanTable dc, HuffmanTable ac, ref int last, short* block, out bool isFlat)
    {
        isFlat = true;
        if (!TryReadDc(dc, ref last)) return false;
        var k = 1;
        do
        {
            k = block == null ? ReadCoefficients<Skip>(ac.Coefficients, block, k) : ReadCoefficients<Keep>(ac.Coefficients, block, k);
            if (k >= 0) break;
            // Codes longer than the look-up are decoded here, so that the loop has no calls.
            k = ~k;
            if (!TryReadLong(ac, block, ref k)) return false;
        }
        while (k < BlockLength);
        if (k > BlockLength) k -= HuffmanTable.EndOfBlock + 1;
        if (block != null) *block = (short)last;
        isFlat = k == 1;
        return k is > 0 and <= BlockLength && _next - (_count >> 3) <= _end;
    }

    // Reads coefficients from index k on and returns the next index, plus EndOfBlock + 1 where the block ended early; the
    // complement of the index where a long code comes next. A method of its own without calls keeps all variables in registers.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int ReadCoefficients<TMode>(uint* table, short* block, int k)
        where TMode : struct
    {
        var (bits, count) = (_bits, _count);
        var next = _next;
        var order = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(s_order));
        while (true)
        {
            // Refills to at least 56 bits: enough for two entries with values, or for one and the longest other entry.
            bits |= BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(next)) >> count;
            next += (count ^ 63) >> 3;
            count |= 56;

            var entry = table[bits >> (64 - HuffmanTable.LookupBits)];
            var value = (int)entry >> 16;
            if (value != 0)
            {
                k += (byte)(entry >> 8);
                bits <<= (byte)entry;
                count -= (byte)entry;
                if (typeof(TMode) == typeof(Keep)) block[order[k]] = (short)value;
                if (++k > 63) break;

                entry = table[bits >> (64 - HuffmanTable.LookupBits)];
                value = (int)entry >> 16;
                if (value != 0)
                {
                    k += (byte)(entry >> 8);
                    bits <<= (byte)entry;
                    count -= (byte)entry;
                    if (typeof(TMode) == typeof(Keep)) block[order[k]] = (short)value;
                    if (++k > 63) break;
                    continue;
                }
            }
            int length = (byte)entry, symbol = (byte)(entry >> 8), size = symbol & 15;
            if (length == 0)
            {
                k = ~k;
                break;
            }
            bits <<= length;
            count -= length;
            if (size > 0)
            {
                k += symbol >> 4;
                if (typeof(TMode) == typeof(Keep)) block[order[k]] = (short)Value(bits, size);
                bits <<= size;
                count -= size;
                if (++k > 63) break;
            }
            else
            {
                k += 16;
                if (k > 63) break;
            }
        }
        (_bits, _count) = (bits, count);
        _next = next;
        return k;
    }

    private bool TryReadDc(HuffmanTable table, ref int last)
    {
        Refill();
        var entry = table.Symbols[_bits >> (64 - HuffmanTable.LookupBits)];
        int size = (byte)(entry >> 8);
        if ((byte)entry != 0) Take((byte)entry);
        else if (!TryTakeLongCode(table, out size)) return false;
        if (size == 0) return true;
        last += Value(_bits, size);
        Take(size);
        return true;
    }

    private bool TryTakeLongCode(HuffmanTable table, out int symbol)
    {
        var length = table.FindLong((int)(_bits >> 48), out symbol);
        if (length == 0) return false;
        Take(length);
        Refill();
        return true;
    }

    private bool TryReadLong(HuffmanTable table, short* block, ref int k)
    {
        if (!TryTakeLongCode(table, out var symbol)) return false;
        var size = symbol & 15;
        if (size > 0)
        {
            k += symbol >> 4;
            if (block != null) block[s_order[k]] = (short)Value(_bits, size);
            Take(size);
            k++;
        }
        else
        {
            k += symbol == SixteenZeros ? 16 : HuffmanTable.EndOfBlock + 1;
        }
        return true;
    }

    private void Refill()
    {
        _bits |= BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(_next)) >> _count;
        _next += (_count ^ 63) >> 3;
        _count |= 56;
    }

    private void Take(int length)
    {
        _bits <<= length;
        _count -= length;
    }

    // Decodes the signed number in the next bits; it is negative if its first bit is 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Value(ulong bits, int size)
    {
        var value = (int)(bits >> (64 - size));
        return value + ((value - (1 << (size - 1))) >> 31 & ((-1 << size) + 1));
    }

    private void Append(ReadOnlySpan<byte> bytes, ref int to)
    {
        bytes.CopyTo(_buffer.AsSpan(to));
        to += bytes.Length;
    }

    private readonly struct Keep;

    private readonly struct Skip;
}
