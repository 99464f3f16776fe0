namespace ResNet.Testing;

/// <summary>A Huffman code of a JPEG file: the number of codes of each length, and the symbols in the order of their codes.</summary>
internal sealed class TestCode
{
    private readonly byte[] _counts;
    private readonly byte[] _symbols;
    private readonly Dictionary<int, (int Code, int Length)> _codes = [];

    public TestCode(byte[] counts, byte[] symbols)
    {
        (_counts, _symbols) = (counts, symbols);
        var (code, place) = (0, 0);
        for (var length = 1; length <= 16; length++, code <<= 1)
            for (var i = 0; i < counts[length - 1]; i++) _codes[symbols[place++]] = (code++, length);
    }

    public byte[] Definition => [.. _counts, .. _symbols];

    /// <summary>Makes a code of the symbols from 0 on, all with the same length.</summary>
    public static TestCode Even(int symbols)
    {
        var counts = new byte[16];
        // One code stays unused, because no code may consist of ones alone; a count is a byte.
        var length = int.Log2(symbols) + 1;
        counts[length - 1] = (byte)Math.Min(symbols, 255);
        if (symbols == 256) counts[length] = 1;
        return new TestCode(counts, [.. Enumerable.Range(0, symbols).Select(symbol => (byte)symbol)]);
    }

    /// <summary>Makes a code of symbols in random order, a few with short codes and the others with 11 to 16 bits.</summary>
    public static TestCode Uneven(int symbols, Random random)
    {
        var order = Enumerable.Range(0, symbols).Select(symbol => (byte)symbol).ToArray();
        random.Shuffle(order);
        var counts = new byte[16];
        var left = symbols;
        // The number of unused codes of 16 bits.
        var room = 1 << 16;
        for (var length = 1; left > 0; length++)
        {
            var cost = 1 << (16 - length);
            var most = length == 16 ? left : Math.Min((room - left - 1) / cost, Math.Min(left, 255));
            var count = length == 16 ? left : random.Next(0, Math.Clamp(most, 0, length < 6 ? 1 : length < 11 ? 3 : 20) + 1);
            counts[length - 1] = (byte)count;
            left -= count;
            room -= count * cost;
        }
        return new TestCode(counts, order);
    }

    public void Add(TestJpeg.Bits bits, int symbol)
    {
        var (code, length) = _codes[symbol];
        bits.Add(code, length);
    }
}
