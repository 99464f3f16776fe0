using System.IO.Compression;
using System.Text;

namespace ResNet.Core.Tests.Weights;

/// <summary>Builds files of weights from valid or invalid parts.</summary>
internal static class HostileFile
{
    /// <summary>The storage of <see cref="PickleBuilder.OneTensor()"/>.</summary>
    internal static readonly (string Name, byte[] Data) FourZeros = ("archive/data/0", new byte[16]);

    /// <summary>The signature of an entry of a zip's central directory.</summary>
    internal static readonly byte[] DirectoryEntry = [.. "PK"u8, 1, 2];

    private static readonly byte[] s_magic = PickleBuilder.Of("\x8A\x0Al\xFC\x9C\x46\xF9 j\xA8P\x19");
    private static readonly byte[] s_version = PickleBuilder.Of("M\xE9\x03");

    /// <summary>Makes a zip archive of a pickle and one storage of four zeros.</summary>
    internal static byte[] Zip(byte[] pickle) => Zip(("archive/data.pkl", pickle), FourZeros);

    internal static byte[] Zip(params (string Name, byte[] Data)[] entries) => Zip(CompressionLevel.NoCompression, entries);

    internal static byte[] Zip(CompressionLevel compression, params (string Name, byte[] Data)[] entries)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, data) in entries)
            {
                using var entry = archive.CreateEntry(name, compression).Open();
                entry.Write(data);
            }
        }
        return stream.ToArray();
    }

    /// <summary>
    /// Makes a zip archive of <see cref="PickleBuilder.OneTensor()"/> with a false entry for the storage in its central directory.
    /// </summary>
    internal static byte[] ZipThatLies(int field, byte[] value, byte[]? extra = null)
    {
        var bytes = Zip(PickleBuilder.OneTensor()).ToList();
        // The directory's second entry is the storage's; the end record, of 22 bytes, contains the length of the directory.
        int start = Find(bytes, DirectoryEntry, Find(bytes, DirectoryEntry, 0) + 1);
        for (int i = 0; i < value.Length; i++) bytes[start + field + i] = value[i];
        if (extra is not null)
        {
            bytes[start + 30] = (byte)extra.Length;
            bytes.InsertRange(start + 46 + FourZeros.Name.Length, extra);
            bytes[^10] += (byte)extra.Length;
        }
        return [.. bytes];
    }

    /// <summary>Makes a file as torch.save wrote it before 1.6: its pickles and then the storages.</summary>
    internal static byte[] Legacy(byte[] content, byte[] order, params byte[][] storages) =>
        LegacyPickles(s_magic, s_version, PickleBuilder.Of("}"), content, order, [.. storages.SelectMany(storage => storage)]);

    internal static byte[] LegacyPickles(params byte[][] parts) => [.. parts.SelectMany(part => part)];

    /// <summary>Makes a legacy file of a pickle and one storage of four zeros.</summary>
    internal static byte[] Legacy(byte[] content) => Legacy(content, Order("0"), [.. BitConverter.GetBytes(4L), .. new byte[16]]);

    internal static byte[] Order(params string[] keys) => PickleBuilder.Of(pickle =>
    {
        pickle.Codes("](");
        foreach (string key in keys) pickle.Text(key);
        pickle.Codes("e");
    });

    internal static byte[] Magic() => s_magic;

    internal static byte[] Version() => s_version;

    internal static byte[] Safetensors(string header, int dataBytes = 8)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        return Safetensors((ulong)json.Length, json, dataBytes);
    }

    internal static byte[] Safetensors(ulong headerLength, byte[] header, int dataBytes) =>
        [.. BitConverter.GetBytes(headerLength), .. header, .. new byte[dataBytes]];

    /// <summary>Encodes a number as in TorchSharp's files.</summary>
    internal static byte[] Leb128(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }

    private static int Find(List<byte> bytes, byte[] pattern, int start)
    {
        while (!bytes.Skip(start).Take(pattern.Length).SequenceEqual(pattern)) start++;
        return start;
    }
}
