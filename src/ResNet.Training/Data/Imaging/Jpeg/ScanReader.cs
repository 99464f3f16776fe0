using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace ResNet.Training.Data.Imaging.Jpeg;

/// <summary>Reads the coefficients of a baseline scan, block by block (ITU-T T.81, annex F.2).</summary>
/// <remarks>
/// The scan is copied first, without the zeros that follow each 0xFF and without restart markers, so that the next bits come
/// eight bytes at a time. Behind it there is room to read on as far as one block can.
/// </remarks>
internal sealed unsafe class ScanReader
{
    // A block has at most 64 codes of 16 bits with 15 bits behind each; eight bytes are read at once.
    private const int Padding = 512;

    private const int BitsOfACoefficient = 32;

    private readonly List<(int Start, int End)> _parts = [];
    private byte[] _buffer = [];
    private int _part;

    private Bits _bits;
    private byte* _end;

    /// <summary>Where each coefficient of a file belongs in its block; what damaged files have beyond goes to the last.</summary>
    public static ReadOnlySpan<byte> NaturalOrder =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
        63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
    ];

    /// <summary>Copies a scan; false where restart markers are not in their order, or something else than the image's end follows.</summary>
    public bool TryStart(ReadOnlySpan<byte> scan)
    {
        const byte firstRestart = 0xD0;
        const byte endOfImage = 0xD9;
        _parts.Clear();
        var room = scan.Length + Padding;
        if (_buffer.Length < room) _buffer = GC.AllocateUninitializedArray<byte>(room + (room / 4), pinned: true);
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
                if (marker < firstRestart || marker >= firstRestart + 8 || marker - firstRestart != (_parts.Count - 1) % 8) return false;
                from += 2;
            }
        }
        _buffer.AsSpan(to, Padding).Clear();
        Rewind();
        return true;
    }

    /// <summary>Goes back to the scan's beginning.</summary>
    public void Rewind()
    {
        _part = -1;
        TryNextPart();
    }

    /// <summary>Goes on behind the next restart marker; false where there is none.</summary>
    public bool TryNextPart()
    {
        if (++_part >= _parts.Count) return false;
        // The buffer is pinned.
        var buffer = (byte*)Unsafe.AsPointer(ref _buffer[0]);
        _bits = new Bits(buffer + _parts[_part].Start);
        _end = buffer + _parts[_part].End;
        return true;
    }

    /// <summary>Reads a block's coefficients into memory that is zero.</summary>
    /// <param name="dc">The code of the first coefficient.</param>
    /// <param name="ac">The code of the others.</param>
    /// <param name="last">The first coefficient of the component's block before; becomes this block's.</param>
    /// <param name="block">64 coefficients, row by row.</param>
    /// <param name="isFlat">Whether the first coefficient is the only one.</param>
    /// <returns>False where the data are damaged or end too early.</returns>
    public bool TryReadBlock(HuffmanTable dc, HuffmanTable ac, ref int last, short* block, out bool isFlat)
    {
        isFlat = true;
        if (!TryReadDc(dc, ref last)) return false;
        block[0] = (short)last;

        var bits = _bits;
        fixed (uint* table = ac.Coefficients)
        fixed (byte* order = NaturalOrder)
        {
            var k = 1;
            do
            {
                bits.Refill();
                var entry = table[bits.Peek(HuffmanTable.LookupBits)];
                var value = (int)entry >> 16;
                if (value != 0)
                {
                    k += (int)(entry >> 8 & 0xFF);
                    bits.Take((int)(entry & 0xFF));
                }
                else
                {
                    if (!TryReadSymbol(ac, entry, ref bits, out var symbol)) return false;
                    var size = symbol & 15;
                    if (size == 0)
                    {
                        if (symbol != 0xF0) break;
                        k += 16;
                        continue;
                    }
                    k += symbol >> 4;
                    value = bits.Value(size);
                    bits.Take(size);
                }
                block[order[k]] = (short)value;
                k++;
            }
            while (k < 64);
            isFlat = k == 1;
            _bits = bits;
            return k <= 64 && bits.Position <= _end;
        }
    }

    /// <summary>Passes over a block that nobody needs.</summary>
    public bool TrySkipBlock(HuffmanTable dc, HuffmanTable ac, ref int last)
    {
        if (!TryReadDc(dc, ref last)) return false;
        var bits = _bits;
        fixed (uint* table = ac.Coefficients)
        {
            var k = 1;
            do
            {
                bits.Refill();
                var entry = table[bits.Peek(HuffmanTable.LookupBits)];
                if (entry >> 16 != 0)
                {
                    k += (int)(entry >> 8 & 0xFF);
                    bits.Take((int)(entry & 0xFF));
                }
                else
                {
                    if (!TryReadSymbol(ac, entry, ref bits, out var symbol)) return false;
                    if (symbol == 0xF0)
                    {
                        k += 16;
                        continue;
                    }
                    if ((symbol & 15) == 0) break;
                    k += symbol >> 4;
                    bits.Take(symbol & 15);
                }
                k++;
            }
            while (k < 64);
            _bits = bits;
            return k <= 64 && bits.Position <= _end;
        }
    }

    private bool TryReadDc(HuffmanTable table, ref int last)
    {
        var bits = _bits;
        bits.Refill();
        if (!TryReadSymbol(table, table.Symbols[bits.Peek(HuffmanTable.LookupBits)], ref bits, out var size)) return false;
        if (size > 0)
        {
            if (size > 15) return false;
            last += bits.Value(size);
            bits.Take(size);
        }
        _bits = bits;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadSymbol(HuffmanTable table, uint entry, ref Bits bits, out int symbol)
    {
        var length = (int)(entry & 0xFF);
        symbol = (int)(entry >> 8 & 0xFF);
        if (length == 0)
        {
            length = table.FindLong((int)bits.Peek(16), out symbol);
            if (length == 0) return false;
        }
        bits.Take(length);
        return true;
    }

    private void Append(ReadOnlySpan<byte> bytes, ref int to)
    {
        bytes.CopyTo(_buffer.AsSpan(to));
        to += bytes.Length;
    }

    /// <summary>The bits to come.</summary>
    private struct Bits(byte* from)
    {
        // The upper _count bits are the next ones; what follows them is in memory from _from on.
        private ulong _next;
        private int _count;
        private byte* _from = from;

        /// <summary>The byte behind those of which bits were taken.</summary>
        public readonly byte* Position => _from - (_count >> 3);

        /// <summary>Makes sure that there are as many as a coefficient can have.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Refill()
        {
            if (_count >= BitsOfACoefficient) return;
            _next |= BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(_from)) >> _count;
            var bytes = (63 - _count) >> 3;
            _from += bytes;
            _count += bytes << 3;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly uint Peek(int length) => (uint)(_next >> (64 - length));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Take(int length)
        {
            _next <<= length;
            _count -= length;
        }

        /// <summary>The signed number of the next bits: one whose first bit is 0 is negative.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly int Value(int size)
        {
            var value = (int)(_next >> (64 - size));
            return value + ((value - (1 << (size - 1))) >> 31 & ((-1 << size) + 1));
        }
    }
}
