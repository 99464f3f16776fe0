using System.Buffers.Binary;

namespace ResNet.Testing;

/// <summary>
/// Writes baseline JPEG files of every kind, following ITU-T T.81. The caller provides coefficients instead of pixels, so that files
/// can have coefficients that no encoder would write.
/// </summary>
internal sealed record TestJpeg(int Width, int Height, TestJpeg.Sampling Kind)
{
    public enum Sampling
    {
        Grey,
        Whole,
        HalfWidth,
        Quarter,
    }

    /// <summary>The number of minimum coded units between restart markers; 0 for no markers.</summary>
    public int RestartInterval { get; init; }

    /// <summary>The Huffman codes of the first coefficients, and of the others.</summary>
    public (TestCode Dc, TestCode Ac) Codes { get; init; } = (TestCode.Even(16), TestCode.Even(256));

    /// <summary>The quantization tables of luma and chroma, in the order of the file.</summary>
    public (int[] Luma, int[] Chroma) Quantization { get; init; } = ([.. Enumerable.Range(3, 64)], [.. Enumerable.Range(5, 64)]);

    /// <summary>Whether quantization tables have 16 bits; Huffman and quantization tables have segments of their own.</summary>
    public bool Wide { get; init; }

    public bool OwnSegments { get; init; }

    /// <summary>The number of 0xFF bytes before each marker.</summary>
    public int FillBytes { get; init; }

    /// <summary>The segments after the start of the image.</summary>
    public byte[] First { get; init; } = Segment(0xE0, [.. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0]);

    /// <summary>The identifiers of the components.</summary>
    public byte[] Ids { get; init; } = [1, 2, 3];

    /// <summary>The first component's blocks across and down, in 4 bits each; null for those of the kind.</summary>
    public byte? Factors { get; init; }

    private int Components => Kind == Sampling.Grey ? 1 : 3;

    private int Across => Kind is Sampling.HalfWidth or Sampling.Quarter ? 2 : 1;

    private int Down => Kind == Sampling.Quarter ? 2 : 1;

    public static byte[] Segment(byte marker, byte[] data) =>
        [0xFF, marker, (byte)((data.Length + 2) >> 8), (byte)(data.Length + 2), .. data];

    /// <summary>Makes the file.</summary>
    /// <param name="draw">
    /// Sets 64 coefficients, initially zero, in the order of the file; the first must be from -16384 to 16383.
    /// </param>
    public byte[] Encode(Action<short[]> draw)
    {
        var file = new List<byte> { 0xFF, 0xD8 };
        file.AddRange(First);
        Add(0xDB, Quantized(0, Quantization.Luma), Quantized(1, Quantization.Chroma));
        byte[] size = [8, (byte)(Height >> 8), (byte)Height, (byte)(Width >> 8), (byte)Width, (byte)Components];
        var factors = Factors ?? (byte)(Across << 4 | Down);
        Add(0xC0, [.. size, Ids[0], factors, 0, .. Components == 1 ? [] : new byte[] { Ids[1], 0x11, 1, Ids[2], 0x11, 1 }]);
        Add(
            0xC4,
            [0x00, .. Codes.Dc.Definition], [0x10, .. Codes.Ac.Definition],
            [0x03, .. Codes.Dc.Definition], [0x12, .. Codes.Ac.Definition]);
        if (RestartInterval > 0) Add(0xDD, [(byte)(RestartInterval >> 8), (byte)RestartInterval]);
        Add(0xDA, [(byte)Components, Ids[0], 0x00, .. Components == 1 ? [] : new byte[] { Ids[1], 0x32, Ids[2], 0x32 }, 0, 63, 0]);
        AddScan(file, draw);
        Mark(0xD9);
        return [.. file];

        void Mark(byte marker) => file.AddRange([.. Enumerable.Repeat((byte)0xFF, FillBytes + 1), marker]);

        void Add(byte marker, params byte[][] parts)
        {
            byte[][] segments = OwnSegments ? parts : [[.. parts.SelectMany(part => part)]];
            foreach (var segment in segments)
            {
                file.AddRange(Enumerable.Repeat((byte)0xFF, FillBytes));
                file.AddRange(Segment(marker, segment));
            }
        }
    }

    private byte[] Quantized(int table, int[] values)
    {
        if (!Wide) return [(byte)table, .. values.Select(value => (byte)value)];
        var bytes = new byte[129];
        bytes[0] = (byte)(0x10 | table);
        for (var k = 0; k < 64; k++) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(1 + (2 * k)), (ushort)values[k]);
        return bytes;
    }

    private void AddScan(List<byte> file, Action<short[]> draw)
    {
        var bits = new Bits(file);
        var last = new int[3];
        var units = (Width + (8 * Across) - 1) / (8 * Across) * ((Height + (8 * Down) - 1) / (8 * Down));
        for (var unit = 0; unit < units; unit++)
        {
            if (RestartInterval > 0 && unit > 0 && unit % RestartInterval == 0)
            {
                bits.Fill();
                file.AddRange([.. Enumerable.Repeat((byte)0xFF, FillBytes + 1), (byte)(0xD0 + (((unit / RestartInterval) - 1) % 8))]);
                Array.Clear(last);
            }
            for (var component = 0; component < Components; component++)
                for (var block = component == 0 ? Across * Down : 1; block > 0; block--)
                {
                    var coefficients = new short[64];
                    draw(coefficients);
                    AddBlock(bits, coefficients, ref last[component]);
                }
        }
        bits.Fill();
    }

    private void AddBlock(Bits bits, short[] coefficients, ref int last)
    {
        AddValue(bits, Codes.Dc, 0, coefficients[0] - last);
        last = coefficients[0];
        var run = 0;
        for (var k = 1; k < 64; k++, run++)
        {
            if (coefficients[k] == 0) continue;
            for (; run > 15; run -= 16) Codes.Ac.Add(bits, 0xF0);
            AddValue(bits, Codes.Ac, run, coefficients[k]);
            run = -1;
        }
        if (run > 0) Codes.Ac.Add(bits, 0);
    }

    private static void AddValue(Bits bits, TestCode code, int run, int value)
    {
        var size = 32 - int.LeadingZeroCount(Math.Abs(value));
        code.Add(bits, (run << 4) | size);
        bits.Add(value < 0 ? value + (1 << size) - 1 : value, size);
    }

    /// <summary>Writes bits, and a zero byte after each byte 0xFF.</summary>
    internal sealed class Bits(List<byte> file)
    {
        private int _byte;
        private int _count;

        public void Add(int value, int count)
        {
            for (var bit = count - 1; bit >= 0; bit--)
            {
                _byte = (_byte << 1) | (value >> bit & 1);
                if (++_count < 8) continue;
                file.Add((byte)_byte);
                if (_byte == 0xFF) file.Add(0);
                (_byte, _count) = (0, 0);
            }
        }

        /// <summary>Fills the last byte with ones.</summary>
        public void Fill()
        {
            while (_count > 0) Add(1, 1);
        }
    }
}
