using System.Formats.Tar;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Known;

namespace ResNet.Training.Tests.Data.Known;

public sealed class TarArchiveTests : IDisposable
{
    private static readonly byte[] s_content = [1, 2, 3];

    private const int BlockLength = 512;
    private const int SizeField = 124;
    private const int ChecksumField = 148;

    private readonly TemporaryFolder _folder = new();

    private string Target => Path.Join(_folder.Path, "target");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_and_folders_are_unpacked()
    {
        var long_ = new string('x', 150);
        Unpack(
            TestArchive.Of(
                ("a/", []), ("a/b/1.jpg", s_content), ("./c/2.jpg", [4]), ("empty", []), ($"{long_}/{long_}.jpg", [5]), ("a/é.jpg", [6])));
        Directory.EnumerateFiles(Target, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Target, path).Replace('\\', '/'))
            .Should().BeEquivalentTo("a/b/1.jpg", "c/2.jpg", "empty", $"{long_}/{long_}.jpg", "a/é.jpg");
        File.ReadAllBytes(Path.Join(Target, "a/b/1.jpg")).Should().Equal(s_content);
    }

    [Fact]
    public void Older_formats_are_read()
    {
        foreach (TarEntry entry in new TarEntry[]
        {
            new V7TarEntry(TarEntryType.V7RegularFile, "v7") { DataStream = new MemoryStream(s_content) },
            new UstarTarEntry(TarEntryType.RegularFile, "ustar") { DataStream = new MemoryStream(s_content) },
            new GnuTarEntry(TarEntryType.RegularFile, "gnu") { DataStream = new MemoryStream(s_content) },
        })
        {
            Unpack(TestArchive.Of([entry]));
            File.ReadAllBytes(Path.Join(Target, entry.Name)).Should().Equal(s_content);
        }
    }

    [Fact]
    public void Progress_ends_at_the_archives_length()
    {
        var reports = new DatasetReports();
        var archive = TestArchive.Of(("a", s_content), ("b", s_content));
        Unpack(archive, reports);
        reports.All.Should().EndWith(new DatasetProgress("Unpacking archive.tgz", archive.Length, archive.Length));
    }

    [Theory]
    [InlineData("../x", "lies outside of the folder that it is unpacked into")]
    [InlineData("a/../../x", "lies outside of the folder that it is unpacked into")]
    [InlineData("a/..", "lies outside of the folder that it is unpacked into")]
    [InlineData("/etc/x", "lies outside of the folder that it is unpacked into")]
    [InlineData("//server/x", "lies outside of the folder that it is unpacked into")]
    [InlineData("C:/x", "has a backslash, a colon or a control character in its name, which leads elsewhere on some systems")]
    [InlineData("..\\x", "has a backslash, a colon or a control character in its name, which leads elsewhere on some systems")]
    [InlineData("x\u0007", "has a backslash, a colon or a control character in its name, which leads elsewhere on some systems")]
    [InlineData(".", "has no name")]
    public void An_entry_that_leads_elsewhere_is_refused_with_its_archive(string name, string reason)
    {
        Refusal(TestArchive.Of(("good", s_content), (name, s_content))).Should().Be(
            $"The archive '{Path.Join(_folder.Path, "archive.tgz")}' is not unpacked: its entry '{name.Replace('\u0007', '�')}' {reason}.");
        Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Should().BeEquivalentTo("archive.tgz", "target");
    }

    [Theory]
    [InlineData("../x/")]
    [InlineData("/x/")]
    public void A_folder_that_leads_elsewhere_is_refused(string name) => Refusal(TestArchive.Of((name, [])))
        .Should().Contain("lies outside of the folder");

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.BlockDevice)]
    public void What_is_no_file_or_folder_is_refused(TarEntryType kind)
    {
        var entry = new PaxTarEntry(kind, "odd");
        if (kind is TarEntryType.SymbolicLink or TarEntryType.HardLink) entry.LinkName = "good";
        Refusal(TestArchive.Of([TestArchive.Entry("good", s_content), entry]))
            .Should().EndWith($"its entry 'odd' is no file or folder but of the kind {kind}.");
        File.Exists(Path.Join(Target, "odd")).Should().BeFalse();
    }

    [Theory]
    [InlineData("a", "a", "is there twice")]
    [InlineData("a", "./a", "is there twice")]
    [InlineData("a/b", "A/B", "is there twice")]
    [InlineData("a", "a/b", "lies below a file")]
    [InlineData("a/b", "a", "is there twice")]
    [InlineData("a", "a/", "is there twice")]
    public void What_would_replace_something_is_refused(string first, string second, string reason) =>
        Refusal(TestArchive.Of((first, s_content), (second, s_content))).Should().EndWith($"its entry '{second}' {reason}.");

    [Fact]
    public void Entries_and_bytes_are_limited()
    {
        var archive = TestArchive.Of(("a", s_content), ("b/", []), ("c", s_content));
        Refusal(archive, maxEntries: 2).Should().EndWith("its entry 'c' is one more than the 2 entries that are unpacked at most.");
        Refusal(archive, maxBytes: 5).Should().EndWith("its entry 'c' makes more than the 5 bytes that are unpacked at most.");
        Unpack(archive, maxEntries: 3, maxBytes: 20_000);
    }

    [Fact]
    public void A_damaged_archive_is_named()
    {
        var content = new byte[200_000];
        new Random(1).NextBytes(content);
        var archive = TestArchive.Of(("a", content));
        Refusal([1, 2, 3]).Should().StartWith($"The archive '{Path.Join(_folder.Path, "archive.tgz")}' is damaged: ");
        Refusal(archive[..^1000]).Should().Contain("is damaged: ");
        Refusal(archive[..100]).Should().Contain("is damaged: ");
        archive[100_000] ^= 0xFF;
        Refusal(archive).Should().Contain("is damaged: ");
    }

    [Fact]
    public void An_entry_that_is_longer_than_its_kind_can_be_is_damage()
    {
        // The first header is that of a long name; its size field becomes 0o77777777777.
        var plain = TestArchive.Plain(
            [new GnuTarEntry(TarEntryType.RegularFile, new string('n', 120)) { DataStream = new MemoryStream(s_content) }]);
        "77777777777"u8.CopyTo(plain.AsSpan(SizeField));
        MendChecksums(plain);
        Refusal(TestArchive.Pack(plain)).Should().Contain("is damaged: ");
    }

    [Fact]
    public void Random_damage_is_refused_or_harmless()
    {
        var plain = TestArchive.Plain(
        [
            new GnuTarEntry(TarEntryType.RegularFile, "a/b") { DataStream = new MemoryStream(s_content) },
            new GnuTarEntry(TarEntryType.RegularFile, new string('n', 120) + "/c") { DataStream = new MemoryStream(s_content) },
        ]);
        var random = new Random(2);
        for (var round = 0; round < 1000; round++)
        {
            var damaged = (byte[])plain.Clone();
            for (var i = 0; i <= round % 4; i++)
            {
                // Most of a header's fields are in its first bytes.
                var block = random.Next(damaged.Length / BlockLength) * BlockLength;
                damaged[block + random.Next(round % 3 == 0 ? BlockLength : 160)] = (byte)(
                    round % 2 == 0 ? random.Next(256) : "0123456789/.=\0 x"[random.Next(16)]);
            }
            // With correct checksums, the damaged headers are read.
            MendChecksums(damaged);
            try
            {
                Unpack(TestArchive.Pack(damaged));
            }
            catch (DatasetException)
            {
                // The archive was refused.
            }
            Directory.GetFileSystemEntries(_folder.Path).Should().HaveCount(2);
        }
    }

    [Fact]
    public void It_can_be_cancelled()
    {
        var unpack = () => Unpack(TestArchive.Of(("a", s_content)), cancellationToken: new CancellationToken(canceled: true));
        unpack.Should().Throw<OperationCanceledException>();
    }

    private void Unpack(
        byte[] archive,
        IProgress<DatasetProgress>? progress = null,
        int maxEntries = 100,
        long maxBytes = 1_000_000,
        CancellationToken cancellationToken = default)
    {
        if (Directory.Exists(Target)) Directory.Delete(Target, recursive: true);
        Directory.CreateDirectory(Target);
        new TarArchive(_folder.Write("archive.tgz", archive), Target) { MaxEntries = maxEntries, MaxBytes = maxBytes }
            .Unpack(progress, cancellationToken);
    }

    private static void MendChecksums(byte[] plain)
    {
        for (var at = 0; at + BlockLength <= plain.Length; at += BlockLength)
        {
            var block = plain.AsSpan(at, BlockLength);
            if (!block.Slice(257, 5).SequenceEqual("ustar"u8)) continue;
            var field = block.Slice(ChecksumField, 8);
            field.Fill((byte)' ');
            var sum = 0;
            foreach (var value in block) sum += value;
            System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(field);
        }
    }

    private string Refusal(byte[] archive, int maxEntries = 100, long maxBytes = 1_000_000)
    {
        var unpack = () => Unpack(archive, null, maxEntries, maxBytes);
        return unpack.Should().Throw<DatasetException>().Which.Message;
    }
}
