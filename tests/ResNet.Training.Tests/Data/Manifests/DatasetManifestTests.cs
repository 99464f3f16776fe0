using System.Text;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Folders;
using ResNet.Training.Data.Manifests;
using ResNet.Training.Data.Packs;

namespace ResNet.Training.Tests.Data.Manifests;

public sealed class DatasetManifestTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Images_with_the_same_bytes_are_found_in_and_between_splits_and_not_in_packs()
    {
        const ulong OfFiles = 1UL << 40;
        ManifestEntry[] entries =
        [
            new(DatasetSplit.Train, "cat", "train/cat/2.png", 10, OfFiles + 1),
            new(DatasetSplit.Train, "cat", "train/cat/1.png", 10, OfFiles + 1),
            new(DatasetSplit.Test, "dog", "test/dog/1.png", 10, OfFiles + 1),
            new(DatasetSplit.Train, "dog", "train/dog/1.png", 11, OfFiles + 1),
            new(DatasetSplit.Train, "dog", "train/dog/2.png", -1, 0), new(DatasetSplit.Train, "dog", "train/dog/3.png", -1, 0),
        ];
        new DatasetManifest(entries).FindCopies().Should().ContainSingle()
            .Which.Select(entry => entry.Path).Should().Equal("test/dog/1.png", "train/cat/1.png", "train/cat/2.png");
        var pairs = new DatasetManifest(entries).FindCopyPairs();
        pairs.Select(pair => (pair.First.Path, pair.Copy.Path)).Should()
            .Equal(("test/dog/1.png", "train/cat/1.png"), ("test/dog/1.png", "train/cat/2.png"));
        pairs = new DatasetManifest(entries).FindCopyPairs(DatasetSplit.Train);
        pairs.Select(pair => (pair.First.Path, pair.Copy.Path)).Should().Equal(("train/cat/1.png", "train/cat/2.png"));
        new DatasetManifest(entries).FindCopyPairs(DatasetSplit.Test).Should().BeEmpty();
        var packed = entries[..2].Select(entry => entry with { Hash = 1 });
        new DatasetManifest(packed).FindCopies().Should().BeEmpty("checksums of 32 bits may be the same by chance");
    }

    [Fact]
    public void A_manifest_has_each_image_with_its_split_class_length_and_hash()
    {
        Write(("train/a/1.png", "abc"), ("train/b/2.png", ""), ("val/a/3.png", "x"), ("val/b/4.png", "x"), ("test/a/5.png", "y"),
            ("test/b/6.png", "z"));
        // XXH3-64 of the empty text and of "abc": the values of the reference implementation's xxhsum -H3.
        Create().Entries.Should().StartWith(
            [
                new ManifestEntry(DatasetSplit.Test, "a", "test/a/5.png", 1, HashOf("y")),
                new ManifestEntry(DatasetSplit.Test, "b", "test/b/6.png", 1, HashOf("z")),
                new ManifestEntry(DatasetSplit.Train, "a", "train/a/1.png", 3, 0x78af5f94892f3950),
                new ManifestEntry(DatasetSplit.Train, "b", "train/b/2.png", 0, 0x2d06800538d394c2),
            ]).And.HaveCount(6);
    }

    [Fact]
    public void A_written_manifest_is_read_as_it_was()
    {
        if (OperatingSystem.IsWindows()) return;
        Write(
            ("train/a b/1\t2.png", "1"), ("train/a b/line\nbreak\r.png", "2"), ("train/a b/back\\n.png", "3"), ("val/a b/\u00e9.png", "4"));
        var manifest = Create();
        string path = _folder.File("images.tsv");
        manifest.Write(path);
        DatasetManifest.Read(path).Entries.Should().Equal(manifest.Entries);
        File.ReadAllLines(path).Should().HaveCount(5).And.Contain(line => line.StartsWith(@"train	a b	train/a b/1\t2.png	1	"));
    }

    [Theory]
    [InlineData("", "line 1 is not that of a manifest")]
    [InlineData("split\tclass\tpath\tlength\thash\ntrain\ta\ta/1.png\t1", "line 2 is damaged")]
    [InlineData("split\tclass\tpath\tlength\thash\nval\ta\ta/1.png\t1\t00", "line 2 is damaged")]
    [InlineData("split\tclass\tpath\tlength\thash\ntrain\ta\ta\\x1.png\t1\t00", "line 2 is damaged")]
    [InlineData("split\tclass\tpath\tlength\thash\ntrain\ta\ta1.png\\\t1\t00", "line 2 is damaged")]
    [InlineData("split\tclass\tpath\tlength\thash\ntrain\ta\ta/1.png\t1\t00\ntrain\ta\ta/2.png\tx\t00", "line 3 is damaged")]
    [InlineData(
        "split\tclass\tpath\tlength\thash\ntrain\ta\ta/1.png\t1\t00\ntest\ta\ta/1.png\t1\t00", "line 3 repeats the image of a line before")]
    public void A_damaged_manifest_is_refused_with_the_line(string text, string reason)
    {
        string path = _folder.Write("images.tsv", Encoding.UTF8.GetBytes(text));
        var read = () => DatasetManifest.Read(path);
        read.Should().Throw<DatasetException>().WithMessage($"The manifest '{path}' cannot be read: {reason}.");
    }

    [Fact]
    public void Changes_are_found_by_path_and_content()
    {
        Write(("train/a/1.png", "1"), ("train/a/2.png", "2"), ("train/a/3.png", "3"), ("train/a/4.png", "4"), ("val/a/5.png", "5"),
            ("train/b/6.png", "6"), ("val/b/7.png", "7"));
        var before = Create();
        before.CompareTo(Create()).IsSame.Should().BeTrue();
        before.CompareTo(Create()).Describe().Should().Be("nothing has changed");

        File.Delete(_folder.File("train/a/1.png"));
        File.WriteAllText(_folder.File("train/a/2.png"), "another");
        File.Move(_folder.File("train/a/3.png"), _folder.File("val/b/33.png"));
        // The same length, another content.
        File.WriteAllText(_folder.File("val/a/5.png"), "9");
        Write(("train/a/new.png", "new"));
        var changes = before.CompareTo(Create());
        changes.IsSame.Should().BeFalse();
        changes.Gone.Select(entry => entry.Path).Should().Equal("train/a/1.png");
        changes.New.Select(entry => entry.Path).Should().Equal("train/a/new.png");
        changes.Changed.Select(entry => entry.Path).Should().Equal("train/a/2.png", "val/a/5.png");
        changes.Moved.Select(moved => (moved.Before.Path, moved.Now.Path)).Should().Equal(("train/a/3.png", "val/b/33.png"));
        changes.Describe().Should().Be(
            "1 is new (train/a/new.png), 1 is gone (train/a/1.png), 2 are changed (train/a/2.png, val/a/5.png), "
            + "1 is moved (train/a/3.png to val/b/33.png)");
    }

    [Fact]
    public void Two_images_that_change_places_are_changed()
    {
        Write(("train/a/1.png", "1"), ("train/b/2.png", "2"), ("val/a/3.png", "3"), ("val/b/4.png", "4"));
        var before = Create();
        Write(("train/a/1.png", "2"), ("train/b/2.png", "1"));
        before.CompareTo(Create()).Changed.Should().HaveCount(2);
    }

    [Fact]
    public void Leaks_are_evaluation_images_with_the_bytes_of_a_training_image()
    {
        Write(("train/a/1.png", "same"), ("train/b/2.png", "2"), ("val/a/3.png", "3"), ("val/b/4.png", "same"), ("test/a/5.png", "same"),
            ("test/b/6.png", "3"));
        Create().FindLeaks().Select(leak => (leak.Evaluated.Path, leak.Trained.Path)).Should().Equal(
            ("test/a/5.png", "train/a/1.png"), ("val/b/4.png", "train/a/1.png"));
    }

    [Fact]
    public void Images_that_were_trained_on_are_found_under_any_name()
    {
        Write(("train/a/1.png", "1"), ("train/b/2.png", "2"), ("val/a/3.png", "3"), ("val/b/4.png", "4"));
        var run = Create();
        using var other = new TemporaryFolder();
        foreach (var (name, text) in new[] { ("a/x.png", "1"), ("a/y.png", "3"), ("b/z.png", "9") })
            other.Write(name, Encoding.UTF8.GetBytes(text));
        var now = DatasetManifest.Create(other.Path, [(DatasetSplit.Validation, new ImageFolder(other.Path))]);
        run.FindTrained(now).Select(entry => entry.Path).Should().Equal("a/x.png");
    }

    [Fact]
    public void The_images_that_were_set_aside_are_found_again_as_they_were()
    {
        Write(("train/a/1.png", "1"), ("val/a/2.png", "2"), ("val/a/3.png", "3"), ("val/a/4.png", "4"), ("val/a/5.png", "5"));
        var manifest = Create();
        manifest.EvaluationSplit.Should().Be(DatasetSplit.Validation);
        File.Delete(_folder.File("val/a/2.png"));
        // An image that was trained on takes the place of one that was not.
        File.WriteAllText(_folder.File("val/a/3.png"), "1");
        Write(("val/a/6.png", "6"));
        var found = manifest.FindUnchanged(_folder.Path, DatasetSplit.Validation, out var changed, out var gone);
        found.Select(entry => entry.Path).Should().Equal("val/a/4.png", "val/a/5.png");
        changed.Select(entry => entry.Path).Should().Equal("val/a/3.png");
        gone.Select(entry => entry.Path).Should().Equal("val/a/2.png");
    }

    [Fact]
    public void A_pack_is_listed_by_the_checksums_of_its_pixels()
    {
        foreach (string name in new[] { "a/1.png", "a/2.png", "b/3.png" })
        {
            byte[] pixels = [.. Enumerable.Range(0, 12).Select(i => (byte)(i + name[2]))];
            _folder.Write($"images/{name}", new TestPng(2, 2, TestPng.Colours.Rgb).Encode(pixels));
        }
        string path = _folder.File("train.safetensors");
        ImagePack.Write(new ImageFolder(_folder.File("images")), path);
        using var pack = ImagePack.Open(path);
        var manifest = DatasetManifest.Create([(DatasetSplit.Train, pack)]);
        manifest.Entries.Select(entry => (entry.Class, entry.Path, entry.Length)).Should().Equal(
            ("a", "train/a/1.png", 12), ("a", "train/a/2.png", 12), ("b", "train/b/3.png", 12));
        manifest.Entries.Select(entry => entry.Hash).Should().OnlyHaveUniqueItems();
    }

    private static ulong HashOf(string text) => System.IO.Hashing.XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(text));

    private DatasetManifest Create() => DatasetManifest.Create(_folder.Path, DatasetSplits.Open(_folder.Path));

    private void Write(params (string Name, string Text)[] files)
    {
        foreach (var (name, text) in files) _folder.Write(name, Encoding.UTF8.GetBytes(text));
    }
}
