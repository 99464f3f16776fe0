using System.Diagnostics.CodeAnalysis;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace ResNet.Training.Tests.Data.Known;

/// <summary>Makes valid and hostile tar archives, compressed with gzip.</summary>
internal static class TestArchive
{
    /// <summary>Makes an archive of files with their folders; a name that ends with a slash is a folder.</summary>
    internal static byte[] Of(params (string Name, byte[] Content)[] files) => Of(files.Select(file => Entry(file.Name, file.Content)));

    internal static byte[] Of(IEnumerable<TarEntry> entries) => Pack(Plain(entries));

    /// <summary>Makes an archive without compression.</summary>
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
