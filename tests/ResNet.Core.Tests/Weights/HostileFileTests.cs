using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;

namespace ResNet.Core.Tests.Weights;

/// <summary>Files of every format that misstate their content; hostile pickles are in <see cref="HostilePickleTests"/>.</summary>
public sealed class HostileFileTests : IDisposable
{
    private const string Header = """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""";

    private readonly WeightsFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_the_others_are_made_from_is_loaded()
    {
        byte[][] files =
        [
            HostileFile.Zip(PickleBuilder.OneTensor()), HostileFile.ZipThatLies(24, [16]), HostileFile.Legacy(PickleBuilder.OneTensor()),
            HostileFile.Safetensors(Header + "}"), TorchSharp(1, TorchSharpTensor("x", 6, 2)),
        ];
        foreach (byte[] file in files) _folder.Outcome(file).Should().BeNull();
    }

    [Theory]
    [InlineData("<!DOCTYPE html>\n<title>Not found</title>", "; it begins with '<!DOCTYPE html>'.")]
    [InlineData("version https://git-lfs.github.com/spec/v1 and more", "; it begins with 'version https://git-lfs.github.com/spec/'.")]
    [InlineData("abcd", "; it begins with 'abcd'.")]
    [InlineData("abc", " and TorchSharp's are read.")]
    [InlineData("ab\u0001cdefg", " and TorchSharp's are read.")]
    [InlineData("ab\uFFFDcdefg", " and TorchSharp's are read.")]
    public void A_file_of_another_kind_is_named_by_its_first_words(string content, string end) =>
        _folder.Refusal(Encoding.UTF8.GetBytes(content)).Should()
            .Contain("is not a file of weights, or is damaged at its beginning: ").And.EndWith(end);

    [Fact]
    public void Every_beginning_of_a_file_is_refused()
    {
        foreach (string path in Directory.GetFiles(StoredFile.Folder))
        {
            byte[] all = File.ReadAllBytes(path);
            for (int length = 0; length < all.Length; length += length < 16 || length > all.Length - 32 ? 1 : 13)
                _folder.Refusal(all[..length]).Should().NotBeNull();
        }
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("archive/../../evil")]
    [InlineData("archive\\..\\..\\evil")]
    [InlineData("..\\evil")]
    [InlineData("/tmp/evil")]
    [InlineData("\\\\server\\evil")]
    [InlineData("archive/data/..")]
    public void A_zip_with_a_path_that_leads_out_of_it_is_refused(string name)
    {
        _folder.Refusal(HostileFile.Zip(("archive/data.pkl", PickleBuilder.OneTensor()), HostileFile.FourZeros, (name, [1])))
            .Should().Contain("a path that leads out of it");
    }

    [Theory]
    [InlineData("archive/data/0")]
    [InlineData("archive/data.pkl")]
    public void A_zip_that_grows_a_thousandfold_is_refused(string name)
    {
        byte[] large = new byte[50_000_000];
        byte[] pickle = PickleBuilder.OneTensor(builder => builder.Tensor(inner => inner.Storage(count: large.Length / 4), 0, [4], [1]));
        byte[] zip = name.EndsWith('0')
            ? Compressed(("archive/data.pkl", pickle), (name, large))
            : Compressed((name, large), HostileFile.FourZeros);
        zip.Length.Should().BeLessThan(large.Length / 900);
        Allocated(zip).Should().BeLessThan(5_000_000);
    }

    // A pickle may create objects of forty times its size, so its size is limited to that of the zip and a megabyte.
    [Fact]
    public void A_small_zip_makes_no_large_pickle()
    {
        byte[] pickle = PickleBuilder.Of(builder => builder.Repeat("]", 4_000_000));
        byte[] noise = new byte[1_000_000];
        new Random(1).NextBytes(noise);
        byte[] zip = Compressed(("archive/data.pkl", pickle), HostileFile.FourZeros, ("archive/noise", noise));
        Allocated(zip).Should().BeLessThan(5_000_000);
    }

    [Fact]
    public void Storages_that_grow_only_together_are_refused()
    {
        byte[] quarter = new byte[1_000_000];
        byte[] pickle = PickleBuilder.Of(builder =>
        {
            builder.Codes("](");
            for (int i = 0; i < 100; i++) builder.Tensor(inner => inner.Storage($"{i}", quarter.Length, "ByteStorage"), 0, [1], [1]);
            builder.Codes("e");
        });
        byte[] zip = Compressed([("archive/data.pkl", pickle), .. Enumerable.Range(0, 100).Select(i => ($"archive/data/{i}", quarter))]);
        Allocated(zip).Should().BeLessThan(20_000_000);
    }

    [Theory]
    [InlineData("archive/data/0", "twice")]
    [InlineData("archive/data.pkl", "twice")]
    [InlineData("other/data.pkl", "2 times data.pkl")]
    [InlineData("data.pkl", "2 times data.pkl")]
    [InlineData("archive/byteorder", "byte order")]
    public void A_zip_with_one_entry_too_many_is_refused(string name, string words)
    {
        _folder.Refusal(HostileFile.Zip(("archive/data.pkl", PickleBuilder.OneTensor()), HostileFile.FourZeros, (name, new byte[20])))
            .Should().Contain(words);
    }

    [Fact]
    public void A_zip_without_what_it_needs_is_refused()
    {
        _folder.Refusal(HostileFile.Zip()).Should().NotBeEmpty();
        _folder.Refusal(HostileFile.Zip(("readme.txt", [1]))).Should().Contain("is a zip archive, but not one of PyTorch's");
        _folder.Refusal(HostileFile.Zip(("a/b/data.pkl", PickleBuilder.OneTensor()), ("a/b/data/0", new byte[16])))
            .Should().Contain("0 times data.pkl");
        _folder.Refusal(HostileFile.Zip(("archive/data.pkl", PickleBuilder.OneTensor()))).Should().Contain("lacks the storage '0'");
        _folder.Refusal(HostileFile.Zip(("archive/data.pkl", []), HostileFile.FourZeros)).Should().Contain("cut short");
    }

    [Fact]
    public void Many_tiny_entries_are_no_harm()
    {
        var many = Enumerable.Range(0, 60_000).Select(i => ($"archive/data/many{i}", Array.Empty<byte>()));
        _folder.Outcome(HostileFile.Zip([("archive/data.pkl", PickleBuilder.OneTensor()), HostileFile.FourZeros, .. many]))
            .Should().BeNull();
    }

    // Fields of the central directory's entry of a storage (APPNOTE.TXT, 4.3.12):
    // flags at 8, method at 10, lengths at 20 and 24, the entry's offset at 42.
    [Theory]
    [InlineData(8, new byte[] { 1 }, "encrypted")]
    [InlineData(8, new byte[] { 0x41 }, "encrypted")]
    [InlineData(10, new byte[] { 99 }, "damaged")]
    [InlineData(10, new byte[] { 12 }, "damaged")]
    [InlineData(10, new byte[] { 14 }, "damaged")]
    [InlineData(20, new byte[] { 0 }, "cut short")]
    [InlineData(20, new byte[] { 15 }, "cut short")]
    [InlineData(20, new byte[] { 0xFF, 0xFF, 0xFF, 0x7F }, "damaged")]
    [InlineData(20, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, "damaged")]
    [InlineData(20, new byte[] { 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F }, "has 2147483647 bytes")]
    [InlineData(20, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 }, "0 bytes for 4 elements")]
    [InlineData(24, new byte[] { 15 }, "15 bytes for 4 elements")]
    [InlineData(24, new byte[] { 17 }, "17 bytes for 4 elements")]
    [InlineData(24, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, "4294967295 bytes for 4 elements")]
    [InlineData(42, new byte[] { 0xFF, 0xFF, 0xFF, 0x7F }, "damaged")]
    [InlineData(42, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, "damaged")]
    [InlineData(42, new byte[] { 1 }, "damaged")]
    public void A_zip_that_lies_about_a_storage_is_refused(int field, byte[] value, string words)
    {
        _folder.Refusal(HostileFile.ZipThatLies(field, value)).Should().Contain(words);
    }

    // Zip64's extra field: 1, its length, then the lengths and the offset, which are 0xFFFFFFFF in the entry.
    [Theory]
    [InlineData(long.MaxValue, 16L, 0L)]
    [InlineData(long.MinValue, 16L, 0L)]
    [InlineData(-1L, -1L, -1L)]
    [InlineData(16L, long.MaxValue, 0L)]
    [InlineData(16L, 1L << 40, 0L)]
    [InlineData(1L << 40, 1L << 40, 0L)]
    [InlineData(16L, 16L, long.MaxValue)]
    [InlineData(16L, 16L, long.MinValue)]
    [InlineData(16L, 16L, 1L << 40)]
    [InlineData(16L, 16L, 3L)]
    public void A_zip64_that_lies_about_a_storage_is_refused(long length, long compressedLength, long place)
    {
        byte[] extra =
        [
            1, 0, 24, 0,
            .. BitConverter.GetBytes(length), .. BitConverter.GetBytes(compressedLength), .. BitConverter.GetBytes(place),
        ];
        byte[] bytes = HostileFile.ZipThatLies(20, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], extra);
        int start = bytes.AsSpan().LastIndexOf(HostileFile.DirectoryEntry);
        bytes.AsSpan(start + 42, 4).Fill(0xFF);
        _folder.Refusal(bytes).Should().NotBeEmpty();
    }

    [Fact]
    public void A_zip_with_a_central_directory_that_is_damaged_is_refused()
    {
        byte[] right = HostileFile.Zip(PickleBuilder.OneTensor());
        // The end record has the numbers of entries at 8 and 10, the directory's length at 12, its offset at 16.
        foreach (int field in new[] { 8, 10, 12, 16 })
        {
            foreach (byte[] value in new byte[][] { [0xFF, 0xFF], [0, 0], [0xFF, 0x7F], [1, 0] })
            {
                byte[] wrong = [.. right];
                value.CopyTo(wrong, right.Length - 22 + field);
                // A reader does not need the directory's length, so a wrong one is harmless.
                if (field != 12) _folder.Refusal(wrong).Should().NotBeEmpty();
                else _folder.Outcome(wrong);
            }
        }
        int directory = right.AsSpan().IndexOf(HostileFile.DirectoryEntry);
        for (int length = directory; length < right.Length; length++) _folder.Refusal(right[..length]).Should().NotBeEmpty();
        for (int cut = 1; cut < right.Length - 22 - directory; cut++)
            _folder.Refusal([.. right[..directory], .. right[(directory + cut)..]]).Should().NotBeEmpty();
    }

    [Fact]
    public void Storages_in_another_order_than_used_are_refused_if_one_is_unknown_or_comes_twice()
    {
        byte[] pickle = PickleBuilder.OneTensor(), storage = [.. BitConverter.GetBytes(4L), .. new byte[16]];
        _folder.Refusal(HostileFile.Legacy(pickle, HostileFile.Order("1"), storage)).Should().Contain("lists storages that no tensor uses");
        _folder.Refusal(HostileFile.Legacy(pickle, HostileFile.Order("0", "0"), storage, storage)).Should().Contain("or one twice");
        _folder.Refusal(HostileFile.Legacy(pickle, HostileFile.Order("0", "1"), storage, storage)).Should().Contain("lists storages");
        _folder.Refusal(HostileFile.Legacy(pickle, HostileFile.Order(), storage)).Should().Contain("leaves out the elements");
        _folder.Refusal(HostileFile.Legacy(pickle, PickleBuilder.Of("](K\0e"), storage)).Should().Contain("lists storages");
        _folder.Refusal(HostileFile.Legacy(pickle, PickleBuilder.Of("](Ne"), storage)).Should().Contain("lists storages");
        foreach (string other in new[] { "}", ")", "N", "K\x01", "X\x01\0\0\0" + "0" })
            _folder.Refusal(HostileFile.Legacy(pickle, PickleBuilder.Of(other), storage)).Should().Contain("in which order");
        _folder.Refusal(HostileFile.Legacy(pickle, PickleBuilder.Of(builder => builder.Codes("](").Storage().Codes("e")), storage))
            .Should().Contain("tensors where none belong");
    }

    [Theory]
    [InlineData(3L)]
    [InlineData(5L)]
    [InlineData(0L)]
    [InlineData(-4L)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void A_legacy_storage_of_another_length_is_refused(long count)
    {
        _folder.Refusal(HostileFile.Legacy(
                PickleBuilder.OneTensor(), HostileFile.Order("0"), [.. BitConverter.GetBytes(count), .. new byte[16]]))
            .Should().Contain($"has {count} elements in place of 4");
    }

    // With overflow, 2⁶² and 2⁶² + 4 elements of four bytes would be 0 and 16 bytes.
    [Theory]
    [InlineData(1L << 62)]
    [InlineData((1L << 62) + 4)]
    [InlineData(long.MaxValue)]
    [InlineData(1L << 40)]
    [InlineData(5L)]
    public void A_legacy_storage_longer_than_the_file_is_refused(long count)
    {
        byte[] pickle = PickleBuilder.OneTensor(builder => builder.Tensor(inner => inner.Storage(count: count), 0, [1], [1]));
        _folder.Refusal(HostileFile.Legacy(pickle, HostileFile.Order("0"), [.. BitConverter.GetBytes(count), .. new byte[16]]))
            .Should().Match(message => message.Contains("cut short") || message.Contains("overflow"));
    }

    [Fact]
    public void A_legacy_file_of_another_magic_number_or_version_is_refused()
    {
        byte[] number = PickleBuilder.Of("\x8A\x0A\0\0\0\0\0\0\0\0\0\x01");
        byte[] small = PickleBuilder.Of("\x8A\x01\x05");
        byte[] version = PickleBuilder.Of("M\xEA\x03");
        _folder.Refusal(HostileFile.LegacyPickles(number, HostileFile.Version())).Should().Contain("not one that torch.save wrote");
        _folder.Refusal(HostileFile.LegacyPickles(small, HostileFile.Version())).Should().Contain("not one that torch.save wrote");
        _folder.Refusal(HostileFile.LegacyPickles(HostileFile.Magic(), version)).Should().Contain("legacy layout that does not exist");
        _folder.Refusal(HostileFile.LegacyPickles(HostileFile.Magic(), number)).Should().Contain("legacy layout that does not exist");
        _folder.Refusal(HostileFile.LegacyPickles(
                HostileFile.Magic(), HostileFile.Version(), PickleBuilder.Of(builder => builder.Storage())))
            .Should().Contain("tensors where none belong");
    }

    [Theory]
    [InlineData(63UL, "announces a header of 63 bytes")]
    [InlineData(1UL << 39, "announces a header")]
    [InlineData(1UL << 40, "is not a file of weights")]
    [InlineData(1UL << 63, "is not a file of weights")]
    [InlineData(ulong.MaxValue, "is not a file of weights")]
    [InlineData(0UL, "announces a header of 0 bytes")]
    [InlineData(1UL, "announces a header of 1 bytes")]
    [InlineData(53UL, "header is damaged")]
    [InlineData(55UL, "header is damaged")]
    public void A_safetensors_header_of_another_length_is_refused(ulong length, string words)
    {
        byte[] header = Encoding.UTF8.GetBytes(Header + "}");
        header.Should().HaveCount(54);
        _folder.Refusal(HostileFile.Safetensors(length, header, 8)).Should().Contain(words);
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}""", "lies outside of it")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775808]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,1e99]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0.0,8]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[-9223372036854775808,9223372036854775807]}}""", "lies outside of it")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "lies outside of it")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "lies outside of it")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "lies outside of it")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":{}}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":["0","8"]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":null,"data_offsets":[0,8]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[null],"data_offsets":[0,8]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}""", "of type f32")]
    [InlineData("""{"x":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}""", "of type U64")]
    [InlineData("""{"x":[]}""", "header is damaged")]
    [InlineData("""{"x":null}""", "header is damaged")]
    [InlineData("""{"x":{}}""", "header is damaged")]
    [InlineData("""{}""", "8 follow the header")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}}""",
        "the one before it ends at 4")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[1],"data_offsets":[7,8]}}""",
        "the one before it ends at 4")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        "the one before it ends at 8")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "header is damaged")]
    [InlineData(Header + ""","__metadata__":{"a":1}}""", "header is damaged")]
    [InlineData(Header + ""","__metadata__":{"a":null}}""", "header is damaged")]
    [InlineData(Header + ""","__metadata__":{"a":{"b":"c"}}}""", "header is damaged")]
    [InlineData(Header + ""","__metadata__":["a"]}""", "header is damaged")]
    [InlineData(Header + ""","__metadata__":"a"}""", "header is damaged")]
    [InlineData(Header + ""","__metadata__":{"a":"\ud800"}}""", "header is damaged")]
    [InlineData(Header + "}}", "header is damaged")]
    [InlineData(Header + "}\0", "header is damaged")]
    [InlineData(Header + ",}", "header is damaged")]
    [InlineData(Header + "/**/}", "header is damaged")]
    public void A_safetensors_header_that_lies_is_refused(string header, string words)
    {
        _folder.Refusal(HostileFile.Safetensors(header)).Should().Contain(words);
    }

    [Fact]
    public void Safetensors_headers_that_go_on_and_on_are_refused()
    {
        string ones = string.Join(',', Enumerable.Repeat("1", 1_000_000));
        _folder.Refusal(HostileFile.Safetensors($$$"""{"x":{"dtype":"F32","shape":[{{{ones}}}],"data_offsets":[0,4]}}""", 4))
            .Should().Contain("1000000 dimensions");
        _folder.Refusal(HostileFile.Safetensors($$$"""{"x":{"dtype":"F32","shape":[1],"data_offsets":[{{{ones}}}]}}""", 4))
            .Should().Contain("lies outside of it");
        _folder.Refusal(HostileFile.Safetensors($$$"""{"x":{{{new string('[', 1_000_000)}}}{{{new string(']', 1_000_000)}}}}"""))
            .Should().Contain("header is damaged");
        _folder.Refusal(HostileFile.Safetensors("""{"x":""" + string.Concat(Enumerable.Repeat("""{"x":""", 100_000))))
            .Should().Contain("header is damaged");
        _folder.Refusal(HostileFile.Safetensors(
                $$$"""{"x":{"dtype":"F32","shape":[{{{new string('9', 1_000_000)}}}],"data_offsets":[0,8]}}"""))
            .Should().Contain("header is damaged");
        _folder.Refusal(HostileFile.Safetensors(
                $$$"""{"{{{new string('a', 1_000_000)}}}":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"""))
            .Should().Contain("a name of 1000000 characters");
        string many = string.Join(
            ',', Enumerable.Range(0, 70_000).Select(i => $$"""{{"\""}}{{i}}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"""));
        _folder.Refusal(HostileFile.Safetensors($$"""{{{many}}}""", 0)).Should().Contain("more than 65536 tensors");
    }

    [Fact]
    public void TorchSharp_files_that_lie_are_refused()
    {
        byte[] x = TorchSharpTensor("x", 6, 2), y = TorchSharpTensor("y", 6, 2);
        byte[] huge = HostileFile.Leb128(1UL << 62), endless = [.. Enumerable.Repeat((byte)0xFF, 100)];
        (byte[] File, string Words)[] wrong =
        [
            (TorchSharp(2, x), "cut short"), (TorchSharp(1, x, y), "13 bytes follow the last tensor of 1"),
            (TorchSharp(2, x, x), "has the tensor 'x' twice"),
            (TorchSharp(1UL << 62, x), "is not a file of weights"), (TorchSharp(ulong.MaxValue, x), "is not a file of weights"),
            (TorchSharp(0, x), "is not a file of weights"),
            (endless, "is not a file of weights"), ([.. HostileFile.Leb128(2), .. endless], "is not a file of weights"),
            ([2, .. x, .. endless], "a number of more than nine bytes"),
            ([2, .. x, .. huge, .. y], "a name of 4611686018427387904 bytes"),
            ([2, .. x, .. HostileFile.Leb128(5000), .. new byte[6000]], "a name of 5000 bytes"), ([2, .. x, 0, .. y], "a name of 0 bytes"),
            ([2, .. x, 1, 0xFF, .. y], "damaged"), ([2, .. x, 1, 7, .. y], "control characters"),
            ([2, .. x, 1, (byte)'y', 99, .. y], "of type 99"), ([2, .. x, 1, (byte)'y', .. huge, .. y], "of type 4611686018427387904"),
            ([2, .. x, 1, (byte)'y', 6, 65, .. new byte[100]], "has 65 dimensions"),
            ([2, .. x, 1, (byte)'y', 6, .. huge, .. y], "dimensions"),
            ([2, .. x, 1, (byte)'y', 6, 1, .. huge], "overflow"),
            ([2, .. x, 1, (byte)'y', 6, 2, .. huge, .. HostileFile.Leb128(4)], "overflow"),
            ([2, .. x, 1, (byte)'y', 6, 3, .. huge, 4, 0], "overflow"),
            ([2, .. x, 1, (byte)'y', 6, 1, .. HostileFile.Leb128(1UL << 40)], "cut short"),
            ([2, .. x, 1, (byte)'y', 7, 1, .. HostileFile.Leb128((1UL << 60) - 1)], "overflow"),
            ([2, .. x, 1, (byte)'y', 6, 1, .. endless], "nine bytes"),
        ];
        foreach (var (file, words) in wrong) _folder.Refusal(file).Should().Contain(words);
        _folder.Refusal(TorchSharp(70_000, [.. Enumerable.Range(0, 70_000).Select(i => TorchSharpTensor($"{i}", 6, 0))]))
            .Should().Contain("more than 65536 tensors");
    }

    [Fact]
    public void Names_that_repeat_a_prefix_do_not_keep_a_network_busy()
    {
        string repeated = string.Concat(Enumerable.Repeat("module.", 570));
        byte[][] tensors = [TorchSharpTensor(repeated, 6, 0), .. Enumerable.Range(1, 59_999).Select(i => TorchSharpTensor($"{i}", 6, 0))];
        File.WriteAllBytes(_folder.FilePath, TorchSharp(60_000, tensors));
        using var network = new ResNetBuilder().StageDepths(1).Classes(2).Build();
        WeightsFolder.Within(() =>
        {
            var load = () => network.LoadWeights(_folder.FilePath);
            return load.Should().Throw<WeightsFileException>().Which.Message;
        }).Should().Contain(_folder.FilePath).And.Contain("does not fit this network");
    }

    [Fact]
    public void What_is_no_file_is_refused()
    {
        WeightsFolder.Outcome(_folder.FilePath).Should().Contain("does not exist");
        WeightsFolder.Outcome(Path.Combine(_folder.Path, "missing", "weights")).Should().Contain("does not exist");
        WeightsFolder.Outcome(_folder.Path).Should().Contain("is a folder");
        _folder.Refusal([]).Should().Contain("is empty");
        // A single 0 is TorchSharp's file without tensors.
        for (int value = 1; value < 256; value++) _folder.Refusal([(byte)value]).Should().Contain("is not a file of weights");
        _folder.Outcome([0]).Should().BeNull();
    }

    [Fact]
    public void What_is_no_file_on_Unix_is_refused_and_not_waited_for()
    {
        if (OperatingSystem.IsWindows()) return;
        WeightsFolder.Outcome("/dev/null").Should().Contain("is empty");
        WeightsFolder.Outcome("/dev/zero").Should().Contain("is empty");
        // The pipe has no writer.
        using (var mkfifo = Process.Start("mkfifo", _folder.FilePath)) mkfifo.WaitForExit();
        WeightsFolder.Outcome(_folder.FilePath).Should().Contain("is empty");
        string link = Path.Combine(_folder.Path, "link"), circle = Path.Combine(_folder.Path, "circle");
        string nowhere = Path.Combine(_folder.Path, "nowhere");
        File.CreateSymbolicLink(link, _folder.FilePath);
        WeightsFolder.Outcome(link).Should().Contain("is empty");
        File.CreateSymbolicLink(circle, circle);
        WeightsFolder.Outcome(circle).Should().NotBeNull();
        File.CreateSymbolicLink(nowhere, Path.Combine(_folder.Path, "missing"));
        WeightsFolder.Outcome(nowhere).Should().Contain("does not exist");
        string found = Path.Combine(_folder.Path, "found");
        File.CreateSymbolicLink(found, StoredFile.Of("tiny.pth"));
        WeightsFolder.Outcome(found).Should().BeNull();
    }

    private static byte[] Compressed(params (string Name, byte[] Data)[] entries) => HostileFile.Zip(CompressionLevel.Optimal, entries);

    private static byte[] TorchSharp(ulong count, params byte[][] tensors) =>
        [.. HostileFile.Leb128(count), .. tensors.SelectMany(tensor => tensor)];

    // The type 6 is float32.
    private static byte[] TorchSharpTensor(string name, byte type, int length) =>
        [
            .. HostileFile.Leb128((ulong)name.Length), .. Encoding.ASCII.GetBytes(name), type, 1,
            .. HostileFile.Leb128((ulong)length), .. new byte[length * sizeof(float)],
        ];

    // Returns the bytes allocated until a file is refused for its unpacked size.
    private long Allocated(byte[] content)
    {
        File.WriteAllBytes(_folder.FilePath, content);
        return WeightsFolder.Within(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var load = () => WeightsFile.Load(_folder.FilePath);
            load.Should().Throw<WeightsFileException>().Which.Message.Should().Contain("would unpack to").And.Contain(_folder.FilePath);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
    }
}
