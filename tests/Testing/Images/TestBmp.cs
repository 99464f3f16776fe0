using System.Buffers.Binary;

namespace ResNet.Testing;

/// <summary>Writes Windows bitmaps with a header of 40 bytes, following the format's description.</summary>
internal static class TestBmp
{
    /// <summary>Makes a file.</summary>
    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels, negative if the first line is the upper one.</param>
    /// <param name="bits">The bits of a pixel.</param>
    /// <param name="data">Whole lines with their padding, or run lengths.</param>
    /// <param name="palette">Four bytes per colour: blue, green, red and an unused byte.</param>
    /// <param name="compression">0 for none, 1 and 2 for run lengths of 8 and 4 bits; ignored if there are masks.</param>
    /// <param name="masks">The masks of red, green and blue.</param>
    public static byte[] Encode(
        int width, int height, int bits, byte[] data, byte[]? palette = null, int compression = 0, uint[]? masks = null)
    {
        var (colours, fields) = (palette ?? [], masks ?? []);
        var offset = 54 + (fields.Length * 4) + colours.Length;
        var file = new byte[offset + data.Length];
        "BM"u8.CopyTo(file);
        Put(2, file.Length);
        Put(10, offset);
        Put(14, 40);
        Put(18, width);
        Put(22, height);
        Put(26, 1 | (bits << 16));
        Put(30, fields.Length > 0 ? 3 : compression);
        Put(34, data.Length);
        Put(46, colours.Length / 4);
        for (var i = 0; i < fields.Length; i++)
            Put(54 + (4 * i), (int)fields[i]);
        colours.CopyTo(file, 54 + (fields.Length * 4));
        data.CopyTo(file, offset);
        return file;

        void Put(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
    }
}
