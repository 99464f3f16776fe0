using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using ResNet.Imaging;

namespace ResNet.Training.Data.Packs;

/// <summary>The index of a pack's images. In the file it follows the pixels, in this order.</summary>
/// <param name="Offsets">The start of each image's pixels among all pixels, and the end of the last image's pixels.</param>
/// <param name="Labels">The class of each.</param>
/// <param name="Sizes">Height and width of each, one after the other.</param>
/// <param name="Checksums">The CRC-32C of each image's pixels.</param>
/// <param name="Names">Each image's path below the folder that was packed, in UTF-8, each followed by a zero.</param>
internal sealed record PackIndex(long[] Offsets, long[] Labels, int[] Sizes, long[] Checksums, byte[] Names)
{
    public int Count => Labels.Length;

    public static PackIndex Read(Stream stream, int images, int nameBytes)
    {
        return new PackIndex(
            Values<long>(images + 1), Values<long>(images), Values<int>(2 * images), Values<long>(images), Values<byte>(nameBytes));

        T[] Values<T>(int count)
            where T : unmanaged
        {
            var values = GC.AllocateUninitializedArray<T>(count);
            stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }
    }

    public void WriteTo(Stream stream)
    {
        stream.Write(MemoryMarshal.AsBytes(Offsets.AsSpan()));
        stream.Write(MemoryMarshal.AsBytes(Labels.AsSpan()));
        stream.Write(MemoryMarshal.AsBytes(Sizes.AsSpan()));
        stream.Write(MemoryMarshal.AsBytes(Checksums.AsSpan()));
        stream.Write(Names);
    }

    /// <summary>
    /// Returns whether the images, with their channels and classes, fill the
    /// pixels exactly: a file with a correct digest may still be malicious.
    /// </summary>
    public bool IsSound(PackHeader header)
    {
        if (Offsets[0] != 0 || PackHeader.Aligned(Offsets[^1]) != header.PixelBytes || Names.AsSpan().Count((byte)0) != Count) return false;
        for (var i = 0; i < Count; i++)
        {
            var (height, width) = (Sizes[2 * i], Sizes[(2 * i) + 1]);
            if (height < 1 || width < 1 || (long)height * width > ImageDecoder.MaxPixels) return false;
            if (Offsets[i] < 0 || Offsets[i + 1] - Offsets[i] != (long)height * width * header.Channels) return false;
            if (Labels[i] < 0 || Labels[i] >= header.Classes.Count) return false;
        }
        return true;
    }

    public string[] SplitNames() => Encoding.UTF8.GetString(Names).Split('\0')[..Count];

    public static byte[] JoinNames(IEnumerable<string> names) => Encoding.UTF8.GetBytes(string.Concat(names.Select(name => name + '\0')));

    /// <summary>Computes the checksum of an image's pixels.</summary>
    public static uint Checksum(ReadOnlySpan<byte> pixels)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(pixels);
        foreach (var word in words) crc = BitOperations.Crc32C(crc, word);
        foreach (var value in pixels[(words.Length * sizeof(ulong))..]) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
