namespace ResNet.Testing;

/// <summary>Writes GIF files of one picture straight from the format's description.</summary>
internal sealed record TestGif(int Width, int Height, byte[] Palette)
{
    /// <summary>Width and height of the screen, if it is not that of the picture.</summary>
    public (int Width, int Height)? Screen { get; init; }

    /// <summary>The place of the picture on the screen.</summary>
    public (int Left, int Top) Place { get; init; }

    public int? Transparent { get; init; }

    public bool IsInterlaced { get; init; }

    /// <summary>Whether the palette belongs to the picture and not to the file.</summary>
    public bool HasLocalPalette { get; init; }

    private int ColourBits => Math.Max(2, (int)Math.Ceiling(Math.Log2(Math.Max(2, Palette.Length / 3))));

    /// <summary>Makes a file of indices into the palette, row by row.</summary>
    public byte[] Encode(byte[] indices)
    {
        var (width, height) = Screen ?? (Width, Height);
        byte[] colours = [.. Palette, .. new byte[(3 << ColourBits) - Palette.Length]];
        var flags = Palette.Length == 0 ? 0 : 0x80 | (ColourBits - 1);
        if (Palette.Length == 0) colours = [];
        byte[] control = Transparent is { } index ? [0x21, 0xF9, 4, 1, 0, 0, (byte)index, 0] : [];
        byte[] comment = [0x21, 0xFE, 2, (byte)',', (byte)';', 0];
        var rows = indices.Chunk(Width).ToArray();
        if (IsInterlaced)
            rows = [.. new[] { (0, 8), (4, 8), (2, 4), (1, 2) }.SelectMany(pass => rows.Where((_, y) => y % pass.Item2 == pass.Item1))];
        return
        [
            .. "GIF89a"u8, .. Word(width), .. Word(height), (byte)(HasLocalPalette ? 0 : flags), 0, 0,
            .. HasLocalPalette ? [] : colours, .. comment, .. control,
            0x2C, .. Word(Place.Left), .. Word(Place.Top), .. Word(Width), .. Word(Height),
            (byte)((HasLocalPalette ? flags : 0) | (IsInterlaced ? 0x40 : 0)), .. HasLocalPalette ? colours : [],
            (byte)ColourBits, .. Pack([.. rows.SelectMany(row => row)]), 0x3B,
        ];
    }

    // The table grows to 4096 strings and is cleared then.
    private IEnumerable<byte> Pack(byte[] indices)
    {
        var (clear, bits) = (1 << ColourBits, new List<bool>());
        var (table, codeBits) = (new Dictionary<string, int>(), ColourBits + 1);
        void Put(int code)
        {
            for (var bit = 0; bit < codeBits; bit++) bits.Add((code >> bit & 1) != 0);
        }

        int CodeOf(string text) => text.Length == 1 ? text[0] : table[text];
        Put(clear);
        var found = "";
        foreach (char index in indices)
        {
            if (found.Length == 0 || table.ContainsKey(found + index))
            {
                found += index;
                continue;
            }
            Put(CodeOf(found));
            var next = clear + 2 + table.Count;
            if (next == 4096)
            {
                Put(clear);
                (table, codeBits) = ([], ColourBits + 1);
            }
            else
            {
                table[found + index] = next;
                if (next == 1 << codeBits) codeBits++;
            }
            found = index.ToString();
        }
        if (found.Length > 0) Put(CodeOf(found));
        Put(clear + 1);
        var bytes = bits.Chunk(8).Select(eight => (byte)eight.Select((bit, i) => bit ? 1 << i : 0).Sum()).ToArray();
        return [.. bytes.Chunk(255).SelectMany(block => block.Prepend((byte)block.Length)), 0];
    }

    private static byte[] Word(int value) => [(byte)value, (byte)(value >> 8)];
}
