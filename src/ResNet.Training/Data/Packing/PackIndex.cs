using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace ResNet.Training.Data.Packing;

/// <summary>What a pack says about each of its images. In the file it follows the pixels, in this order.</summary>
/// <param name="Offsets">Where each image's pixels begin among all pixels, and behind the last where they end.</param>
/// <param name="Labels">The class of each.</param>
/// <param name="Sizes">Height and width of each, one after the other.</param>
/// <param name="Checksums">The CRC-32C of each image's pixels.</param>
/// <param name="Names">Each image's path below the folder that was packed, in UTF-8, each followed by a zero.</param>
internal sealed record PackIndex(long[] Offsets, long[] Labels, int[] Sizes, uint[] Checksums, byte[] Names)
{
    public int Count => Labels.Length;

    /// <summary>The index's own digest, in hexadecimal.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in Parts()) hash.AppendData(part.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The bytes of each part, little-endian.</summary>
    public ReadOnlyMemory<byte>[] Parts() => [Bytes(Offsets), Bytes(Labels), Bytes(Sizes), Bytes(Checksums), Names];

    public string[] SplitNames() => Encoding.UTF8.GetString(Names).Split('\0')[..^1];

    public static byte[] JoinNames(IEnumerable<string> names) => Encoding.UTF8.GetBytes(string.Concat(names.Select(name => name + '\0')));

    /// <summary>The checksum of an image's pixels.</summary>
    public static uint Checksum(ReadOnlySpan<byte> pixels)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(pixels);
        foreach (var word in words) crc = System.Numerics.BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        foreach (var value in pixels[(words.Length * sizeof(ulong))..]) crc = System.Numerics.BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    private static ReadOnlyMemory<byte> Bytes<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();
}
