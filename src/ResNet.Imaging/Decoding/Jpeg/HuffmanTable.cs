using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ResNet.Imaging.Decoding.Jpeg;

/// <summary>A Huffman code of a JPEG file (ITU-T T.81, annex C), as look-up tables.</summary>
internal sealed unsafe class HuffmanTable
{
    /// <summary>The number of bits that index the look-up tables.</summary>
    public const int LookupBits = 10;

    /// <summary>The run length that stands for all remaining zeros of the block.</summary>
    public const int EndOfBlock = 128;

    private const int LongestCode = 16;
    private const int MostSymbols = 256;

    private readonly byte[] _definition = new byte[LongestCode + MostSymbols];
    private int _definitionLength;
    private int _largestSymbol;

    // Both are pinned.
    private readonly uint[] _symbols = GC.AllocateArray<uint>(1 << LookupBits, pinned: true);
    private readonly uint[] _coefficients = GC.AllocateArray<uint>(1 << LookupBits, pinned: true);

    // For codes longer than the look-up: the end of the codes of each length, aligned to 16 bits, and the difference between
    // the index of a symbol and its code.
    private readonly int[] _end = new int[LongestCode + 1];
    private readonly int[] _offset = new int[LongestCode + 1];

    /// <summary>
    /// For each value of the next bits: in the lowest byte the length of the code, 0 where it is longer than
    /// <see cref="LookupBits"/>, and in the next byte the symbol.
    /// </summary>
    public uint* Symbols => Pointer(_symbols);

    /// <summary>
    /// The same for coefficients. Where the bits of the value also fit into the look-up, the upper half is the value, the lowest
    /// byte is the length of code and value, and the next byte is the run of zeros before, or <see cref="EndOfBlock"/>, with any
    /// value but 0. Otherwise the upper half is 0, and the entry is that of <see cref="Symbols"/>.
    /// </summary>
    public uint* Coefficients => Pointer(_coefficients);

    /// <summary>Whether the file has defined the table.</summary>
    public bool IsDefined { get; set; }

    /// <summary>Whether all symbols are sizes of values, as the first coefficients require.</summary>
    public bool HasOnlySizes => _largestSymbol <= 15;

    private ReadOnlySpan<byte> Definition => _definition.AsSpan(0, _definitionLength);

    /// <summary>Reads a definition: the number of codes of each length, 1 to 16, and their symbols.</summary>
    /// <returns>The length of the definition in bytes; 0 where it is invalid.</returns>
    public int Define(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < LongestCode) return 0;
        var symbols = 0;
        foreach (var count in bytes[..LongestCode]) symbols += count;
        var length = LongestCode + symbols;
        if (symbols > MostSymbols || length > bytes.Length) return 0;
        // Most files of a data set have the same tables, which need not be built again.
        if (!Definition.SequenceEqual(bytes[..length]))
        {
            _definitionLength = 0;
            if (!Build(bytes[..length])) return 0;
            bytes[..length].CopyTo(_definition);
            _definitionLength = length;
        }
        IsDefined = true;
        return length;
    }

    /// <summary>Decodes a code that is longer than the look-up.</summary>
    /// <param name="next">The next 16 bits.</param>
    /// <param name="symbol">The symbol of the code.</param>
    /// <returns>The length of the code; 0 where there is no such code.</returns>
    public int FindLong(int next, out int symbol)
    {
        for (var length = LookupBits + 1; length <= LongestCode; length++)
        {
            if (next >= _end[length]) continue;
            symbol = _definition[LongestCode + (next >> (LongestCode - length)) + _offset[length]];
            return length;
        }
        symbol = 0;
        return 0;
    }

    private static uint* Pointer(uint[] pinned) => (uint*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));

    private bool Build(ReadOnlySpan<byte> definition)
    {
        Array.Clear(_symbols);
        _largestSymbol = 0;
        foreach (var symbol in definition[LongestCode..]) _largestSymbol = Math.Max(_largestSymbol, symbol);
        var (code, place) = (0, 0);
        for (var length = 1; length <= LongestCode; length++)
        {
            var count = definition[length - 1];
            _offset[length] = place - code;
            for (var i = 0; i < count; i++, code++, place++)
            {
                if (length > LookupBits) continue;
                var entries = 1 << (LookupBits - length);
                if ((code + 1) * entries > _symbols.Length) return false;
                _symbols.AsSpan(code * entries, entries).Fill((uint)(definition[LongestCode + place] << 8 | length));
            }
            // No code may consist of ones alone.
            if (code >= 1 << length) return false;
            _end[length] = code << (LongestCode - length);
            code <<= 1;
        }
        for (var next = 0; next < _coefficients.Length; next++) _coefficients[next] = WithValue(_symbols[next], next);
        return true;
    }

    private static uint WithValue(uint entry, int next)
    {
        var (length, size) = ((int)(entry & 0xFF), (int)(entry >> 8 & 15));
        // As in libjpeg, every symbol without a value ends the block, except the one for sixteen zeros.
        if (length > 0 && size == 0 && (byte)(entry >> 8) != 0xF0) return 1u << 16 | EndOfBlock << 8 | (uint)length;
        if (length == 0 || size == 0 || length + size > LookupBits) return entry;
        var bits = next >> (LookupBits - length - size) & ((1 << size) - 1);
        var value = bits >= 1 << (size - 1) ? bits : bits - (1 << size) + 1;
        return (uint)value << 16 | (entry >> 12 & 15) << 8 | (uint)(length + size);
    }
}
