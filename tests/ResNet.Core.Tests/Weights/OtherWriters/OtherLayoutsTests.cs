using System.Text;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Weights.OtherWriters;

/// <summary>TorchScript's archives, whole modules and the tar archives of the first PyTorch. Expected values are PyTorch's own.</summary>
public sealed class OtherLayoutsTests : IDisposable
{
    private static readonly (string Name, double Sum)[] s_tiny =
    [
        ("conv.weight", 0.9133702060207725), ("conv.bias", -0.2894539115950465), ("bn.weight", 3), ("bn.bias", 0),
        ("bn.running_mean", 0), ("bn.running_var", 3), ("bn.num_batches_tracked", 0),
        ("fc.weight", 0.6900393005926162), ("fc.bias", -0.6482851356267929),
    ];

    private readonly WeightsFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("scripted.pt")]
    [InlineData("traced.pt")]
    public void The_parameters_of_a_TorchScript_archive_are_read(string name)
    {
        using var file = StoredFile.Load(name);
        file.Format.Should().Be(WeightsFormat.PyTorch);
        AssertTiny(file, tiny => tiny.Replace("fc.", "layers.0.", StringComparison.Ordinal));
        file.Unreadable.Should().BeEmpty();
    }

    [Fact]
    public void Lists_and_dictionaries_of_tensors_in_a_TorchScript_archive_are_read()
    {
        using var file = StoredFile.Load("scripted.pt");
        file.Tensors["tensors.0"].Doubles().Should().Equal(1, 1);
        file.Tensors["named.a"].Doubles().Should().Equal(2);
        file.Tensors.Should().HaveCount(s_tiny.Length + 2);
    }

    [Fact]
    public void The_parameters_of_a_whole_module_have_the_names_of_its_state_dict()
    {
        using var file = StoredFile.Load("whole-module.pth");
        AssertTiny(file, tiny => "model." + tiny);
        file.Tensors.Should().HaveCount(s_tiny.Length);
    }

    // The legacy layout has the classes' source code in their names.
    [Fact]
    public void A_whole_module_in_the_legacy_layout_is_read()
    {
        byte[] pickle = PickleBuilder.Of(builder => builder.Codes("(").Text("module").Global("lib", "Net").Text("net.py").Text("class …")
            .Codes("tQ)\x81}").Text("_parameters").Global("collections", "OrderedDict").Codes(")R").Text("weight").Tensor(0, [4], [1])
            .Codes("ssb"));
        File.WriteAllBytes(_folder.FilePath, HostileFile.Legacy(pickle));
        using var file = WeightsFile.Load(_folder.FilePath);
        file.Tensors.Keys.Should().Equal("weight");
    }

    [Fact]
    public void A_network_loads_from_a_TorchScript_archive()
    {
        using var scope = NewDisposeScope();
        using var saved = new ResNetModel(new ResNetOptions { StageDepths = [1], StageWidths = [4], Classes = 2 });
        saved.SaveWeights(_folder.FilePath, format: WeightsFormat.PyTorch);
        using var archive = new System.IO.Compression.ZipArchive(
            File.Open(_folder.FilePath, FileMode.Open), System.IO.Compression.ZipArchiveMode.Update);
        foreach (string name in new[] { "constants.pkl", "code/__torch__.py" })
        {
            using var entry = archive.CreateEntry("archive/" + name).Open();
            entry.Write("(t."u8);
        }
        archive.Dispose();
        using var loaded = new ResNetModel(saved.Options);
        loaded.LoadWeights(_folder.FilePath).Loaded.Should().Equal(saved.state_dict().Keys);
    }

    [Fact]
    public void A_tar_archive_of_the_first_PyTorch_is_read()
    {
        using var file = StoredFile.Load("first.pth");
        file.Format.Should().Be(WeightsFormat.PyTorchLegacy);
        file.Tensors.Keys.Should().Equal("weight", "transposed", "count", "nested.part");
        file.Tensors["weight"].shape.Should().Equal(2, 3);
        file.Tensors["weight"].Doubles().Should().Equal(1, 2, 3, 4, 5, 6);
        file.Tensors["transposed"].shape.Should().Equal(3, 2);
        file.Tensors["transposed"].Doubles().Should().Equal(1, 4, 2, 5, 3, 6);
        file.Tensors["count"].dtype.Should().Be(ScalarType.Int64);
        file.Tensors["count"].Doubles().Should().Equal(-8);
        file.Tensors["nested.part"].Doubles().Should().Equal(4, 5);
    }

    [Fact]
    public void A_tar_archive_that_is_made_here_is_read()
    {
        Load(Tar()).Should().Equal(0, 0, 0, 0);
        Load(Tar(pickle: PickleBuilder.Of(builder => builder.Codes("}").Text("x").Integer(1).Codes("Qs")))).Should().Equal(0, 0, 0, 0);
    }

    // From here on each archive differs from the one above in one place.
    [Theory]
    [InlineData("sys", "storages", "it has no 'storages'")]
    [InlineData("sys", "tensors", "it has no 'tensors'")]
    [InlineData("sys", "pickle", "it has no 'pickle'")]
    [InlineData("twice", "pickle", "has 'pickle' twice")]
    public void A_tar_archive_of_other_entries_is_refused(string change, string name, string words)
    {
        var entries = Entries(Storages(), Tensors(), Pickle());
        if (change == "twice") entries.Add((name, [1]));
        else entries.RemoveAll(entry => entry.Name == name);
        _folder.Refusal(Tar(entries)).Should().Contain(words);
    }

    [Fact]
    public void A_tar_archive_with_storages_that_are_not_as_it_says_is_refused()
    {
        _folder.Refusal(Tar(storages: Storages(count: 6))).Should().Contain("cut short");
        _folder.Refusal(Tar(storages: Storages(count: 3))).Should().Contain("pickle");
        _folder.Refusal(Tar(storages: Storages(count: 1L << 40))).Should().Contain("cut short");
        _folder.Refusal(Tar(storages: Storages(count: long.MaxValue))).Should().Contain("damaged");
        _folder.Refusal(Tar(storages: Storages(count: -1))).Should().Contain("negative");
        _folder.Refusal(Tar(storages: Storages(number: 2))).Should().NotBeEmpty();
        _folder.Refusal(Tar(storages: Storages(number: -1))).Should().Contain("no number of storages");
        _folder.Refusal(Tar(storages: Storages(type: "EvilStorage"))).Should().Contain("unknown type torch.EvilStorage");
        foreach (var (part, words) in new[]
        {
            (new long[] { 8, 7, 0, 5 }, "outside of it"), ([8, 7, 5, 0], "outside of it"), ([8, 7, -1, 1], "lies in none"),
            ([8, 7, long.MaxValue, 1], "outside of it"), ([8, 9, 0, 1], "lies in none"), ([7, 7, 0, 1], "two objects of the number 7"),
            ([8, 7, 0], "lies in none"),
        })
        {
            _folder.Refusal(Tar(storages: Storages(part: part))).Should().Contain(words);
        }
    }

    [Fact]
    public void A_tar_archive_with_tensors_that_are_not_as_it_says_is_refused()
    {
        foreach (var (shape, stride, offset, words) in new[]
        {
            (5L, 1L, 0L, "beyond its storage"), (4, 1, 1, "beyond its storage"), (4, 2, 0, "beyond its storage"),
            (-4, 1, 0, "a shape that no tensor has"), (4, -1, 3, "negative"), (4, 1, -1, "negative"), (1L << 62, 4, 0, "a shape"),
        })
        {
            _folder.Refusal(Tar(tensors: Tensors(shape: shape, stride: stride, offset: offset))).Should().Contain(words);
        }
        _folder.Refusal(Tar(tensors: Tensors(storage: 9))).Should().Contain("lies in no storage");
        _folder.Refusal(Tar(tensors: Tensors(storage: 1))).Should().Contain("lies in no storage");
        _folder.Refusal(Tar(tensors: Tensors(dimensions: 65))).Should().Contain("65 dimensions");
        _folder.Refusal(Tar(tensors: Tensors(dimensions: uint.MaxValue))).Should().Contain("4294967295 dimensions");
        _folder.Refusal(Tar(tensors: Tensors(number: 7))).Should().NotBeEmpty();
        _folder.Refusal(Tar(pickle: Pickle("2"))).Should().Contain("names a tensor that there is not");
        _folder.Refusal(Tar(pickle: Pickle("../1"))).Should().Contain("names a tensor that there is not");
        _folder.Refusal(Tar(pickle: Pickle("7"))).Should().Contain("no tensors");
    }

    [Fact]
    public void Tensors_of_types_that_are_not_read_are_passed_over_in_a_tar_archive()
    {
        byte[] complex = Storages(type: "ComplexFloatStorage", bytes: 32);
        _folder.Refusal(Tar(storages: complex)).Should().Contain("contains torch.ComplexFloatStorage");
        _folder.Refusal(Tar(pickle: PickleBuilder.Of(builder => builder.Codes("cposix\nsystem\nX\x04\0\0\0exit\x85R"))))
            .Should().Contain("contains posix.system, ");
    }

    [Fact]
    public void A_tar_header_that_lies_is_refused()
    {
        byte[] right = Tar();
        foreach (var (place, value, words) in new[]
        {
            (124, "00000000009", "is no number"), (124, "77777777777", "cut short"), (257, "other", "is not a file of weights"),
            (512 + 512 + 257, "other", "something else than entries"), (512 + 512 + 124, "7777777", "cut short"),
        })
        {
            byte[] wrong = [.. right];
            Encoding.ASCII.GetBytes(value).CopyTo(wrong, place);
            _folder.Refusal(wrong).Should().Contain(words);
        }
        _folder.Refusal([.. right[..^512], .. Enumerable.Repeat((byte)1, 512)]).Should().Contain("does not end as one");
    }

    private static void AssertTiny(WeightsFile file, Func<string, string> rename)
    {
        foreach (var (name, sum) in s_tiny) file.Tensors[rename(name)].Doubles().Sum().Should().BeApproximately(sum, 1e-12, name);
        file.Tensors[rename("conv.weight")].shape.Should().Equal(3, 2, 3, 3);
        file.Tensors[rename("bn.num_batches_tracked")].dtype.Should().Be(ScalarType.Int64);
    }

    private static byte[] Storages(
        long number = 1, long count = 4, string type = "FloatStorage", int bytes = 16, long[]? part = null) =>
        [
            .. PickleBuilder.Of(builder => builder.Integer(number)),
            .. PickleBuilder.Of(builder => builder.Codes("(").Integer(7).Text("cpu").Global("torch", type).Codes("t")),
            .. BitConverter.GetBytes(count), .. new byte[bytes],
            .. PickleBuilder.Of(builder =>
            {
                builder.Codes("]");
                if (part is not null) builder.Integers(part).Codes("a");
            }),
        ];

    private static byte[] Tensors(
        long number = 1, long storage = 7, long dimensions = 1, long shape = 4, long stride = 1, long offset = 0) =>
        [
            .. PickleBuilder.Of(builder => builder.Integer(number)),
            .. PickleBuilder.Of(builder => builder.Codes("(").Integer(1).Integer(storage).Global("torch", "FloatTensor").Codes("t")),
            .. BitConverter.GetBytes(dimensions), .. BitConverter.GetBytes(shape), .. BitConverter.GetBytes(stride),
            .. BitConverter.GetBytes(offset),
        ];

    private static byte[] Pickle(string identifier = "1") =>
        PickleBuilder.Of(builder => builder.Codes("}").Text("x").Text(identifier).Codes("Qs"));

    private static List<(string Name, byte[] Data)> Entries(byte[] storages, byte[] tensors, byte[] pickle) =>
        [("sys_info", PickleBuilder.Of("}")), ("pickle", pickle), ("tensors", tensors), ("storages", storages)];

    private static byte[] Tar(byte[]? storages = null, byte[]? tensors = null, byte[]? pickle = null) =>
        Tar(Entries(storages ?? Storages(), tensors ?? Tensors(), pickle ?? Pickle()));

    private static byte[] Tar(List<(string Name, byte[] Data)> entries)
    {
        var archive = new List<byte>();
        foreach (var (name, data) in entries)
        {
            byte[] header = new byte[512];
            Encoding.ASCII.GetBytes(name).CopyTo(header, 0);
            Encoding.ASCII.GetBytes(Convert.ToString(data.Length, 8).PadLeft(11, '0')).CopyTo(header, 124);
            header[156] = (byte)'0';
            "ustar"u8.CopyTo(header.AsSpan(257));
            archive.AddRange([.. header, .. data, .. new byte[(512 - (data.Length % 512)) % 512]]);
        }
        return [.. archive, .. new byte[1024]];
    }

    private double[] Load(byte[] content)
    {
        File.WriteAllBytes(_folder.FilePath, content);
        using var file = WeightsFile.Load(_folder.FilePath);
        return file.Tensors["x"].Doubles();
    }
}
