using System.Buffers.Binary;
using System.Text;
using ResNet.Imaging;
using ResNet.Imaging.Transforms;
using ResNet.Testing;
using ResNet.Training.Data;
using ResNet.Training.Data.Packs;
using ResNet.Training.Loading;

namespace ResNet.Training.Tests.Data.Packs;

public sealed class DamagedPackTests : IDisposable
{
    private const string HowToMend = "; make it again.";

    private readonly PackedFolder _folder = new();
    private readonly byte[] _whole;
    private readonly PackHeader _header;
    private readonly int _dataStart;

    public DamagedPackTests()
    {
        ImagePack.Write(_folder.Images.Subset(Enumerable.Range(0, 20)), _folder.Pack);
        _whole = File.ReadAllBytes(_folder.Pack);
        _header = PackHeader.Read(new MemoryStream(_whole), out var dataStart);
        _dataStart = (int)dataStart;
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_changed_byte_of_header_and_index_is_found_on_opening()
    {
        var pixelsEnd = _dataStart + (int)Index().Offsets[^1];
        pixelsEnd.Should().BeLessThan(_dataStart + (int)_header.PixelBytes, "there are bytes between pixels and index, too");
        foreach (var place in Enumerable.Range(0, _dataStart).Concat(Enumerable.Range(pixelsEnd, _whole.Length - pixelsEnd)))
        {
            Refused(Flipped(place, 1 << (place % 8)), $"a bit of byte {place} was changed");
            // Swaps upper and lower case, so that the header stays readable.
            if (place < _dataStart) Refused(Flipped(place, 0x20), $"byte {place} was changed");
        }
    }

    [Fact]
    public void A_changed_pixel_is_found_when_its_image_is_read_first_and_harms_no_other()
    {
        var index = Index();
        for (var image = 0; image < index.Count; image++)
        {
            var place = (int)(index.Offsets[image] + ((index.Offsets[image + 1] - index.Offsets[image]) * image / index.Count));
            using var pack = Open(Flipped(_dataStart + place, 1 << (image % 8)));
            var loader = new ImageLoader(
                pack, new Compose(new CenterCrop(4)), new ImageLoaderOptions { BatchSize = 1, OnUnreadableImage = OnUnreadableImage.Skip });
            loader.Epoch(0).Count().Should().Be(index.Count - 1);
            loader.SkippedImages.Should().Be(1);
            var read = () => new ImageLoader(
                pack, new Compose(new CenterCrop(4)), new ImageLoaderOptions { BatchSize = 1 }).Epoch(0, firstBatch: image).Count();
            read.Should().Throw<ImageDecodingException>().WithMessage(
                $"Cannot read the image '{pack.Path}': the pixels of {pack.Names[image]} in it are damaged; make the pack again.");
        }
    }

    [Fact]
    public void Any_byte_may_be_changed_without_a_crash()
    {
        var random = new Random(5);
        for (var i = 0; i < 1_000; i++)
        {
            var place = random.Next(_whole.Length);
            var bytes = Flipped(place, random.Next(1, 256));
            var outcome = Record.Exception(() =>
            {
                using var pack = Open(bytes);
                return new ImageLoader(pack, new Compose(new CenterCrop(4)), new ImageLoaderOptions { BatchSize = 50 }).Epoch(0).Count();
            });
            (outcome is DatasetException or ImageDecodingException).Should().BeTrue($"byte {place} was changed, and it came to {outcome}");
        }
    }

    [Fact]
    public void A_file_of_any_other_length_is_refused()
    {
        for (var length = 0; length < _whole.Length; length += length < _dataStart + 8 ? 1 : 97)
            Refused(_whole[..length], $"it has {length} bytes");
        Refused(_whole[..^1], "its last byte is missing");
        Refused([.. _whole, 0], "it has an additional byte");
        Reason([]).Should().Be("it is too short to be a pack of images");
        Reason(_whole[..^1]).Should().Be($"it has {_whole.Length - 1:N0} bytes where {_whole.Length:N0} are needed, so it is not whole");
    }

    [Fact]
    public void A_file_whose_writing_was_cut_off_is_refused()
    {
        // A writer writes the header last.
        var half = (byte[])_whole.Clone();
        half.AsSpan(0, _dataStart).Clear();
        Refused(half, "it has no header yet");
    }

    [Fact]
    public void Other_files_are_refused()
    {
        foreach (var original in HostileImages.Originals()) Refused(original, "it is an image");
        var safetensors = Encoding.UTF8.GetBytes("""{"weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""");
        Refused([.. Length(safetensors.Length), .. safetensors], "it has weights");
        string[] headers =
        [
            "[]", "{}", "null", "1", """{"__metadata__":1}""", """{"__metadata__":{"format":1}}""",
            """{"__metadata__":{"format":"pt"}}""", new string('[', 100_000),
        ];
        foreach (string json in headers)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(json);
            Refused([.. Length(bytes.Length), .. bytes], json.Length < 50 ? json : "it is nested deeply");
        }
        var random = new Random(1);
        for (var i = 0; i < 500; i++) Refused([.. Length(random.Next(40)), .. PackedFolder.Noise(random.Next(200), i)], "it is noise");
    }

    [Fact]
    public void A_missing_file_is_told_in_a_sentence()
    {
        var open = () => ImagePack.Open(_folder.At("none.safetensors"));
        open.Should().Throw<DatasetException>().WithMessage($"There is no pack '{_folder.At("none.safetensors")}'.");
        var folder = () => ImagePack.Open(_folder.Images.Root);
        folder.Should().Throw<DatasetException>().WithMessage($"The pack '{_folder.Images.Root}' cannot be read: *");
    }

    [Fact]
    public void A_pack_of_another_version_says_so()
    {
        var later = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(_whole.AsSpan(8, _dataStart - 8)).Replace("\"version\":\"1\"", "\"version\":\"2\""));
        Reason([.. Length(later.Length), .. later, .. _whole[_dataStart..]])
            .Should().Be("it is a pack of version '2' where this library reads version 1");
    }

    [Theory]
    [InlineData("\"labels\":{\"dtype\":\"I64\",\"shape\":[20]", "\"labels\":{\"dtype\":\"I64\",\"shape\":[9223372036854775807]")]
    [InlineData("\"labels\":{\"dtype\":\"I64\",\"shape\":[20]", "\"labels\":{\"dtype\":\"I64\",\"shape\":[268435456]")]
    [InlineData("\"labels\":{\"dtype\":\"I64\",\"shape\":[20]", "\"labels\":{\"dtype\":\"I64\",\"shape\":[-1]")]
    [InlineData("\"labels\":{\"dtype\":\"I64\",\"shape\":[20]", "\"labels\":{\"dtype\":\"I64\",\"shape\":[]")]
    [InlineData("\"labels\":{\"dtype\":\"I64\",\"shape\":[20]", "\"labels\":{\"dtype\":\"I64\",\"shape\":20")]
    [InlineData("\"labels\":{\"dtype\":\"I64\",\"shape\":[20]", "\"labels\":{\"dtype\":\"I64\",\"shape\":[1e3]")]
    [InlineData("\"labels\"", "\"label\"")]
    [InlineData("\"channels\":\"3\"", "\"channels\":\"2\"")]
    [InlineData("\"channels\":\"3\"", "\"channels\":\"99999999999\"")]
    [InlineData("\"channels\":\"3\"", "\"channels\":3")]
    [InlineData("\"shorter_side\":\"0\"", "\"shorter_side\":\"-4\"")]
    [InlineData("\"classes\":\"[", "\"classes\":\"[null,")]
    [InlineData("\"classes\":\"[", "\"classes\":\"")]
    public void A_header_that_means_harm_is_refused(string text, string instead)
    {
        var before = Encoding.UTF8.GetString(_whole.AsSpan(8, _dataStart - 8));
        var header = Encoding.UTF8.GetBytes(before.Replace(text, instead));
        header.Should().NotEqual(Encoding.UTF8.GetBytes(before));
        Refused([.. Length(header.Length), .. header, .. _whole[_dataStart..]], instead);
    }

    [Fact]
    public void An_index_that_means_harm_is_refused_though_its_digest_is_right()
    {
        var index = Index();
        Opens(index).Should().BeTrue("nothing is wrong with it");
        Opens(index with { Offsets = Changed(index.Offsets, 0, -8) }).Should().BeFalse();
        Opens(index with { Offsets = Changed(index.Offsets, 1, 0) }).Should().BeFalse("two images overlap");
        Opens(index with { Offsets = Changed(index.Offsets, 3, long.MinValue) }).Should().BeFalse();
        Opens(index with { Offsets = Changed(index.Offsets, 20, long.MaxValue) }).Should().BeFalse();
        Opens(index with { Offsets = Changed(index.Offsets, 20, long.MaxValue - 6) }).Should().BeFalse();
        Opens(index with { Labels = Changed(index.Labels, 4, -1) }).Should().BeFalse();
        Opens(index with { Labels = Changed(index.Labels, 4, _header.Classes.Count) }).Should().BeFalse();
        Opens(index with { Labels = Changed(index.Labels, 4, 1L << 32) }).Should().BeFalse();
        Opens(index with { Sizes = Changed(index.Sizes, 6, 0) }).Should().BeFalse();
        Opens(index with { Sizes = Changed(index.Sizes, 6, -index.Sizes[6]) }).Should().BeFalse();
        Opens(index with { Sizes = Changed(Changed(index.Sizes, 6, -index.Sizes[6]), 7, -index.Sizes[7]) }).Should().BeFalse();
        Opens(index with { Sizes = Changed(Changed(index.Sizes, 6, int.MaxValue), 7, int.MaxValue) }).Should().BeFalse();
        Opens(index with { Names = Changed(index.Names, 0, (byte)0) }).Should().BeFalse("there are more names than images");
    }

    private PackIndex Index() =>
        PackIndex.Read(new MemoryStream(_whole) { Position = _dataStart + _header.PixelBytes }, _header.Images, _header.NameBytes);

    private static T[] Changed<T>(T[] values, int place, T value)
    {
        var copy = (T[])values.Clone();
        copy[place] = value;
        return copy;
    }

    private bool Opens(PackIndex index)
    {
        using var file = new MemoryStream();
        file.Write((_header with { Digest = _header.DigestWith(index, _dataStart) }).ToBytes(_dataStart));
        file.Write(_whole.AsSpan(_dataStart, (int)_header.PixelBytes));
        index.WriteTo(file);
        try
        {
            Open(file.ToArray()).Dispose();
            return true;
        }
        catch (DatasetException failure)
        {
            failure.Message.Should().Be($"'{Damaged}' cannot be used: its header or its index is damaged{HowToMend}");
            return false;
        }
    }

    private string Damaged => _folder.At("damaged.safetensors");

    private ImagePack Open(byte[] bytes) => ImagePack.Open(_folder.Write("damaged.safetensors", bytes));

    private string Reason(byte[] bytes)
    {
        Refused(bytes, "it is damaged");
        var message = Record.Exception(() => Open(bytes)).Message;
        return message[$"'{Damaged}' cannot be used: ".Length..^HowToMend.Length];
    }

    // Uses an assertion only for a failure, because there are thousands of calls.
    private void Refused(byte[] bytes, string because)
    {
        var outcome = Record.Exception(() => Open(bytes).Dispose());
        if (
            outcome is DatasetException { Message: var message }
                && message.StartsWith($"'{Damaged}' cannot be used: ", StringComparison.Ordinal)
                && message.EndsWith(HowToMend, StringComparison.Ordinal))
            return;
        Assert.Fail($"It should have been refused because {because}, but it came to {outcome}");
    }

    private byte[] Flipped(int place, int flip)
    {
        var bytes = (byte[])_whole.Clone();
        bytes[place] ^= (byte)flip;
        return bytes;
    }

    private static byte[] Length(long length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        return bytes;
    }
}
