using System.Diagnostics.CodeAnalysis;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace ResNet.Training.Tests.Data.Known;

/// <summary>Makes tar archives that are compressed with gzip, good and hostile ones.</summary>
internal static class TestArchive
{
    /// <summary>An archive of files, each with its folders, or of folders where the name ends with a slash.</summary>
    internal static byte[] Of(params (string Name, byte[] Content)[] files) => Of(files.Select(file => Entry(file.Name, file.Content)));

    internal static byte[] Of(IEnumerable<TarEntry> entries) => Pack(Plain(entries));

    /// <summary>The archive before it is compressed.</summary>
    internal static byte[] Plain(IEnumerable<TarEntry> entries)
    {
        using var bytes = new MemoryStream();
        using (var writer = new TarWriter(bytes, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                entry.ModificationTime = DateTimeOffset.UnixEpoch;
                writer.WriteEntry(entry);
            }
        }
        return bytes.ToArray();
    }

    internal static byte[] Pack(byte[] plain)
    {
        using var bytes = new MemoryStream();
        using (var packed = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true)) packed.Write(plain);
        return bytes.ToArray();
    }

    internal static TarEntry Entry(string name, byte[] content) => name.EndsWith('/')
        ? new PaxTarEntry(TarEntryType.Directory, name)
        : new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) };

    [SuppressMessage("Security", "CA5351", Justification = "MD5 is what the publishers of data sets give.")]
    internal static string Md5(byte[] content) => Convert.ToHexStringLower(MD5.HashData(content));
}
