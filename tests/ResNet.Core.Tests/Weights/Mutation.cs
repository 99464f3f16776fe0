using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ResNet.Core.Tests.Weights;

/// <summary>Damages files in random but reproducible ways.</summary>
internal static class Mutation
{
    private const int Longest = 64;

    private static readonly ulong[] s_extremes =
    [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000,
        0xFFFF_FFFF, 0x1_0000_0000, 1UL << 40, 1UL << 60, 1UL << 61, 1UL << 62,
        long.MaxValue, 1UL << 63, ulong.MaxValue - 1, ulong.MaxValue,
    ];

    private static readonly string[] s_decimals =
    [
        "-1", "0", "1", "00", "1e9", "0.5", "4294967296", "4611686018427387904", "9223372036854775807",
        "9223372036854775808", "18446744073709551616", "99999999999999999999999",
    ];

    /// <summary>Makes one to five changes in a copy of <paramref name="file"/>.</summary>
    /// <param name="file">The file to change.</param>
    /// <param name="other">A file whose parts may be inserted.</param>
    /// <param name="random">The source of random numbers.</param>
    internal static byte[] Of(byte[] file, byte[] other, Random random)
    {
        var bytes = file.ToList();
        for (int changes = random.Next(3) > 0 ? 1 : random.Next(2, 6); changes > 0; changes--) Change(bytes, other, random);
        return [.. bytes];
    }

    /// <summary>Makes a valid zip archive with changed entries.</summary>
    internal static byte[] Resealed(byte[] zip, byte[] otherZip, Random random)
    {
        var entries = Entries(zip);
        var others = Entries(otherZip);
        // Changes in the pickle matter most; the other entries are mostly numbers.
        int chosen = random.Next(4) > 0
            ? entries.FindIndex(entry => entry.Name.EndsWith("data.pkl", StringComparison.Ordinal))
            : random.Next(entries.Count);
        var (name, data) = entries[chosen];
        switch (random.Next(20))
        {
            case 0: entries.RemoveAt(chosen); break;
            case 1: entries.Add((name, data)); break;
            case 2: entries[chosen] = (Renamed(name, random), data); break;
            case 3: entries[chosen] = (name, others[random.Next(others.Count)].Data); break;
            default:
                byte[] otherPickle = others.First(entry => entry.Name.EndsWith("data.pkl", StringComparison.Ordinal)).Data;
                entries[chosen] = (name, Of(data, otherPickle, random));
                break;
        }
        return HostileFile.Zip(random.Next(4) == 0 ? CompressionLevel.Fastest : CompressionLevel.NoCompression, [.. entries]);
    }

    // ZipArchive does not write empty or very long names.
    private static string Renamed(string name, Random random) =>
        Encoding.UTF8.GetString(Of(Encoding.UTF8.GetBytes(name), [0], random)) is { Length: > 0 and < 1000 } changed ? changed : "..";

    private static void Change(List<byte> bytes, byte[] other, Random random)
    {
        int at = random.Next(bytes.Count + 1), length = random.Next(1, Longest), from = random.Next(other.Length);
        int left = bytes.Count - at;
        switch (random.Next(10))
        {
            case 0 when left > 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1 when left > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2 when random.Next(4) == 0:
                bytes.RemoveRange(at, left);
                break;
            case 3:
                bytes.RemoveRange(at, Math.Min(length, left));
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(length, left)));
                break;
            case 5:
                bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), length * (random.Next(20) == 0 ? 1000 : 1)));
                break;
            case 6:
                bytes.InsertRange(at, other.Skip(from).Take(length));
                break;
            case 7 when random.Next(4) == 0:
                bytes.RemoveRange(at, left);
                bytes.AddRange(other.Skip(from));
                break;
            case 8:
                ReplaceDecimal(bytes, at, random);
                break;
            default:
                Span<byte> number = stackalloc byte[sizeof(ulong)];
                BinaryPrimitives.WriteUInt64LittleEndian(number, s_extremes[random.Next(s_extremes.Length)]);
                for (int i = 0; i < Math.Min(1 << random.Next(4), left); i++) bytes[at + i] = number[i];
                break;
        }
    }

    // Finds the next decimal number.
    private static void ReplaceDecimal(List<byte> bytes, int at, Random random)
    {
        int start = bytes.FindIndex(at, value => char.IsAsciiDigit((char)value));
        if (start < 0) return;
        int end = bytes.FindIndex(start, value => !char.IsAsciiDigit((char)value));
        bytes.RemoveRange(start, (end < 0 ? bytes.Count : end) - start);
        bytes.InsertRange(start, Encoding.ASCII.GetBytes(s_decimals[random.Next(s_decimals.Length)]));
    }

    private static List<(string Name, byte[] Data)> Entries(byte[] zip)
    {
        using var archive = new ZipArchive(new MemoryStream(zip), ZipArchiveMode.Read);
        return [.. archive.Entries.Select(entry =>
        {
            using var stream = entry.Open();
            using var data = new MemoryStream();
            stream.CopyTo(data);
            return (entry.FullName, data.ToArray());
        })];
    }
}
