using System.Text;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;

namespace ResNet.Core.Tests.Weights.OtherWriters;

/// <summary>Checkpoints with Python objects beside the tensors: none of them refuses a file, and nothing of them is run.</summary>
public sealed class ObjectsBesideWeightsTests : IDisposable
{
    private const string Tensor = "state_dict.conv1.weight";

    private static readonly string[] s_layouts = ["zip", "legacy"];

    private readonly WeightsFolder _folder = new();

    public static TheoryData<string, int, string> Objects => PythonObjects.All;

    // Each leaves an object on the stack that holds no tensor.
    public static TheoryData<string, string> Calls => new()
    {
        { "torch.device", "ctorch\ndevice\nX\x03\0\0\0cpu\x85R" },
        { "torch.dtype", "ctorch\nbfloat16\n" },
        { "torch.layout", "ctorch.serialization\n_get_layout\nX\x0D\0\0\0torch.strided\x85R" },
        { "torch.Generator", "ctorch._C\nGenerator\n)\x81}X\x04\0\0\0seedK\x07sb" },
        {
            "a function of a class",
            "cbuiltins\ngetattr\nctorch.optim.lr_scheduler\nOneCycleLR\n)\x81}X\x01\0\0\0aK\x01sbX\x01\0\0\0f\x86R"
        },
        { "a call of a call", "cfunctools\npartial\nclib\nf\n\x85R)R)R" },
        { "a Counter of a placeholder", "ccollections\nCounter\nclib\nf\n)R\x85R" },
        { "a set of a tuple", "cbuiltins\nset\nK\x01K\x02\x86\x85R" },
        { "a text that is encoded from a placeholder", "c_codecs\nencode\nclib\nf\n\x85R" },
        { "lists and entries of a placeholder", "clib\nC\n)\x81(K\x01K\x02" + "eK\x03K\x04sK\x05" + "a(K\x06K\x07u}b" },
        { "a state of a placeholder that is no dictionary", "clib\nC\n)\x81K\x01K\x02\x86" + "b" },
        { "keyword arguments", "clib\nC\n)}X\x01\0\0\0aK\x01s\x92" },
        { "a placeholder that contains itself", "clib\nC\n)\x81q\x09}X\x04\0\0\0selfh\x09sb" },
        { "a placeholder in a list in itself", "clib\nC\n)\x81q\x09](h\x09h\x09" + "eb" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Objects))]
    public void What_Python_wrote_beside_the_weights_is_passed_over(string what, int protocol, string base64)
    {
        byte[] pickle = Convert.FromBase64String(base64);
        pickle[..2].Should().Equal([0x80, (byte)protocol], what);
        AssertIsPassedOver(Encoding.Latin1.GetString(pickle)[2..^1]);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_call_beside_the_weights_is_passed_over(string what, string codes)
    {
        what.Should().NotBeEmpty();
        AssertIsPassedOver(codes);
    }

    [Theory]
    [InlineData("posix", "system")]
    [InlineData("builtins", "exec")]
    [InlineData("torch.hub", "load")]
    public void A_hostile_call_beside_the_weights_is_not_run(string module, string name)
    {
        string trace = Path.Combine(_folder.Path, "trace");
        string argument = Encoding.Latin1.GetString(PickleBuilder.Of(pickle => pickle.Text($"echo ran > \"{trace}\"")))[2..^1];
        AssertIsPassedOver($"c{module}\n{name}\n{argument}\x85R");
        File.Exists(trace).Should().BeFalse();
    }

    // From Python: pickle.dumps({"a": 1}) of classes that keep their tensors in different ways.
    [Theory]
    [InlineData("an OrderedDict", "ccollections\nOrderedDict\n)R", "s")]
    [InlineData("a defaultdict", "ccollections\ndefaultdict\ncbuiltins\nlist\n\x85R", "s")]
    [InlineData("Lightning's AttributeDict", "cpytorch_lightning.utilities.parsing\nAttributeDict\n)\x81", "s")]
    [InlineData("attributes", "clib\nState\n)\x81}", "sb")]
    [InlineData("slots", "clib\nState\n)\x81N}", "s\x86" + "b")]
    [InlineData("the buffers of a module", "clib\nState\n)\x81}X\x08\0\0\0_buffers}", "ssb")]
    [InlineData("the parameters of a module", "clib\nState\n)\x81}X\x0B\0\0\0_parametersccollections\nOrderedDict\n)R", "ssb")]
    public void Tensors_in_other_containers_are_read(string what, string begin, string end)
    {
        byte[] pickle = PickleBuilder.Of(builder => builder.Codes(begin).Text("x").Tensor(0, [4], [1]).Codes(end));
        foreach (string layout in s_layouts)
        {
            using var file = Load(layout, pickle);
            file.Tensors.Keys.Should().Equal(["x"], what);
        }
    }

    [Fact]
    public void Only_a_tensor_that_depends_on_an_unknown_name_is_refused()
    {
        (string Cause, Action<PickleBuilder> Tensor)[] unreadable =
        [
            ("torch.ComplexFloatStorage", builder => builder.Tensor(inner => inner.Storage("1", 2, "ComplexFloatStorage"), 0, [2], [1])),
            ("torch._utils._rebuild_sparse_tensor", builder => builder.Codes("ctorch._utils\n_rebuild_sparse_tensor\n)R")),
            ("torch._utils._rebuild_tensor_v3", builder => builder.Codes("ctorch._utils\n_rebuild_tensor_v3\n)R")),
            ("lib.size", builder => builder.Codes("ctorch._utils\n_rebuild_tensor_v2\n(").Storage()
                .Codes("K\0clib\nsize\n)R\x85K\x01\x85\x89}tR")),
            ("lib.size", builder => builder.Codes("ctorch._utils\n_rebuild_tensor_v2\n(").Storage()
                .Codes("K\0clib\nsize\n)RK\x01\x85\x89}tR")),
            ("lib.make", builder => builder.Codes("ctorch._utils\n_rebuild_parameter\nclib\nmake\n)R\x88}\x87R")),
            ("lib.make", builder => builder.Codes("ctorch._tensor\n_rebuild_from_type_v2\n(clib\nmake\nctorch\nTensor\n)}tR")),
        ];
        foreach (var (cause, tensor) in unreadable)
        {
            byte[] zip = HostileFile.Zip(PickleBuilder.Of(builder =>
            {
                builder.Codes("}(").Text("x").Tensor(0, [4], [1]).Text("y");
                tensor(builder);
                builder.Codes("u");
            }));
            File.WriteAllBytes(_folder.FilePath, zip);
            using var file = WeightsFile.Load(_folder.FilePath);
            file.Tensors.Keys.Should().Equal("x");
            file.Unreadable.Should().Equal(new Dictionary<string, string> { ["y"] = cause });
            _folder.Refusal(HostileFile.Zip(PickleBuilder.OneTensor(tensor))).Should().Contain($"contains {cause}, ");
        }
    }

    [Fact]
    public void The_elements_of_types_that_are_not_read_are_passed_over_in_the_legacy_layout()
    {
        byte[] pickle = PickleBuilder.Of(builder => builder.Codes("}(")
            .Text("y").Tensor(inner => inner.Storage("1", 2, "ComplexFloatStorage"), 0, [2], [1])
            .Text("x").Tensor(0, [4], [1]).Codes("u"));
        byte[] complex = [.. BitConverter.GetBytes(2L), .. new byte[16]];
        byte[] floats = [.. BitConverter.GetBytes(4L), .. new[] { 1f, 2f, 3f, 4f }.SelectMany(BitConverter.GetBytes)];
        File.WriteAllBytes(_folder.FilePath, HostileFile.Legacy(pickle, HostileFile.Order("1", "0"), complex, floats));
        using var file = WeightsFile.Load(_folder.FilePath);
        file.Tensors["x"].Doubles().Should().Equal(1, 2, 3, 4);
        _folder.Refusal(HostileFile.Legacy(pickle, HostileFile.Order("1", "0"), [.. BitConverter.GetBytes(3L), .. complex[8..]], floats))
            .Should().Contain("has 3 elements in place of 2");
        _folder.Refusal(HostileFile.Legacy(pickle, HostileFile.Order("1", "1"), complex, complex)).Should().Contain("or one twice");
    }

    [Fact]
    public void A_tensor_of_the_network_that_cannot_be_read_is_named()
    {
        byte[] zip = HostileFile.Zip(PickleBuilder.Of(builder => builder.Codes("}(")
            .Text("conv1.weight").Tensor(0, [4], [1])
            .Text("bn1.weight").Codes("ctorch._utils\n_rebuild_qtensor\n)R")
            .Text("bn1.num_batches_tracked").Codes("ctorch._utils\n_rebuild_qtensor\n)R").Codes("u")));
        File.WriteAllBytes(_folder.FilePath, zip);
        using var network = new ResNetModel(new ResNetOptions { StageDepths = [1], StageWidths = [4], Classes = 2 });
        var load = () => network.LoadWeights(_folder.FilePath);
        load.Should().Throw<WeightsFileException>().Which.Message.Should()
            .Contain("has the tensor 'bn1.weight' in a form that is not read, torch._utils._rebuild_qtensor");
    }

    [Theory]
    [InlineData("torch._utils\n_rebuild_device_tensor_from_cpu_tensor\n(", "ctorch\nfloat32\nX\x05\0\0\0xla:0\x89tR")]
    [InlineData("torch._utils\n_rebuild_parameter_with_state\n(", "\x88}}tR")]
    [InlineData("torch.nn.parameter\nParameter\n(", "\x88tR}b")]
    public void A_tensor_in_a_parameter_or_of_a_device_is_read(string begin, string end)
    {
        byte[] pickle = PickleBuilder.OneTensor(builder => builder.Codes($"c{begin}").Tensor(0, [4], [1]).Codes(end));
        using var file = Load("zip", pickle);
        file.Tensors["x"].shape.Should().Equal(4);
    }

    [Fact]
    public void A_tensor_with_attributes_is_read()
    {
        byte[] pickle = PickleBuilder.OneTensor(builder => builder
            .Codes("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n(")
            .Storage().Integer(0).Integers(4).Integers(1).Codes("\x89}t}X\x03\0\0\0tagK\x01stR"));
        using var file = Load("zip", pickle);
        file.Tensors["x"].shape.Should().Equal(4);
    }

    // Types without a storage of their own lie in bytes (torch/_utils.py, _rebuild_tensor_v3).
    [Theory]
    [InlineData("float32", 1L, new long[] { 2 }, new double[] { 2, 3 })]
    [InlineData("int16", 0L, new long[] { 1 }, new double[] { 0 })]
    [InlineData("uint8", 2L, new long[] { 2 }, new double[] { 128, 63 })]
    public void A_tensor_in_a_storage_of_bytes_is_read(string type, long offset, long[] shape, double[] expected)
    {
        byte[] floats = [.. new[] { 1f, 2f, 3f, 4f }.SelectMany(BitConverter.GetBytes)];
        byte[] Zip(string type, long offset) => HostileFile.Zip(
            ("archive/data.pkl", PickleBuilder.OneTensor(builder => builder.Codes("ctorch._utils\n_rebuild_tensor_v3\n((").Text("storage")
                .Global("torch.storage", "UntypedStorage").Text("0").Text("cpu").Integer(16).Codes("tQ")
                .Integer(offset).Integers(shape).Integers(1).Codes("\x89}").Global("torch", type).Codes("tR"))),
            ("archive/data/0", floats));
        File.WriteAllBytes(_folder.FilePath, Zip(type, offset));
        using var file = WeightsFile.Load(_folder.FilePath);
        file.Tensors["x"].dtype.ToString().Should().BeEquivalentTo(type == "uint8" ? "Byte" : type);
        file.Tensors["x"].Doubles().Should().Equal(expected);
        _folder.Refusal(Zip("float8_e4m3fn", offset)).Should().Contain("contains torch.float8_e4m3fn, ");
        _folder.Refusal(Zip("float64", 2 - shape[0] + 1)).Should().Contain("elements beyond its storage of 2");
    }

    [Fact]
    public void A_storage_of_bytes_with_tensors_of_two_types_is_refused()
    {
        byte[] pickle = PickleBuilder.Of(builder =>
        {
            builder.Codes("}");
            foreach (string type in new[] { "float32", "int32" })
            {
                builder.Text(type).Codes("ctorch._utils\n_rebuild_tensor_v3\n((").Text("storage")
                    .Global("torch.storage", "UntypedStorage").Text("0").Text("cpu").Integer(16).Codes("tQ")
                    .Integer(0).Integers(4).Integers(1).Codes("\x89}").Global("torch", type).Codes("tRs");
            }
        });
        _folder.Refusal(HostileFile.Zip(pickle)).Should().Contain("tensors of two types");
    }

    // A name of a file in Latin-1 that os.fsdecode gave, as pickle.dumps("\udce9") writes it.
    [Fact]
    public void A_text_that_is_no_Unicode_beside_the_weights_is_passed_over() => AssertIsPassedOver("X\x03\0\0\0\xED\xB3\xA9");

    // Opcodes of bytes and texts whose lengths have four and eight bytes; a pickle of weights has at most 16 MiB without them.
    [Theory]
    [InlineData("B", 4)]
    [InlineData("X", 4)]
    [InlineData("T", 4)]
    [InlineData("\x8E", 8)]
    [InlineData("\x8D", 8)]
    [InlineData("\x96", 8)]
    public void Long_content_beside_the_weights_is_passed_over(string opcode, int lengthBytes)
    {
        const int Length = 20_000_000;
        string length = Encoding.Latin1.GetString(BitConverter.GetBytes((long)Length)[..lengthBytes]);
        byte[] pickle = PickleBuilder.Of(builder => builder.Codes("}").Text("array").Codes(opcode + length)
            .Repeat("a", Length).Codes("s").Text("x").Tensor(0, [4], [1]).Codes("s"));
        File.WriteAllBytes(_folder.FilePath, HostileFile.Legacy(pickle));
        using var file = WeightsFile.Load(_folder.FilePath);
        file.Tensors.Keys.Should().Equal("x");
    }

    [Fact]
    public void A_tensor_under_a_key_without_a_name_is_left_out()
    {
        byte[] pickle = PickleBuilder.Of(builder => builder.Codes("}(").Text("x").Tensor(0, [4], [1])
            .Codes("K\x01K\x02\x86").Tensor(0, [4], [1]).Codes("clib\nPhase\nK\x01\x85R").Tensor(0, [4], [1])
            .Codes("N").Tensor(0, [4], [1]).Codes("u"));
        using var file = Load("zip", pickle);
        file.Tensors.Keys.Should().Equal("x", "None");
    }

    // A module that refers to its owner, 100 deep: what lies within objects ends the search, and refuses nothing.
    [Fact]
    public void Deep_and_circular_objects_beside_the_weights_are_no_harm()
    {
        byte[] pickle = PickleBuilder.Of(builder =>
        {
            builder.Codes("}(").Text("x").Tensor(0, [4], [1]).Text("owner").Codes("clib\nC\n)\x81q\x01}X\x01\0\0\0a");
            for (int depth = 0; depth < 100; depth++) builder.Codes("clib\nC\n)\x81}(X\x05\0\0\0ownerh\x01X\x01\0\0\0a");
            builder.Codes("N").Repeat("ub", 100).Codes("sbu");
        });
        using var file = Load("zip", pickle);
        file.Tensors.Keys.Should().Equal("x");
    }

    private WeightsFile Load(string layout, byte[] pickle)
    {
        File.WriteAllBytes(_folder.FilePath, layout == "zip" ? HostileFile.Zip(pickle) : HostileFile.Legacy(pickle));
        return WeightsFile.Load(_folder.FilePath);
    }

    // Before the weights and behind them, in a file of either layout.
    private void AssertIsPassedOver(string codes)
    {
        byte[] first = PickleBuilder.Of(pickle => pickle.Codes("}").Text("extra").Codes(codes + "s").Text("state_dict").Codes("}")
            .Text("conv1.weight").Tensor(0, [2, 2], [2, 1]).Codes("ss"));
        byte[] last = PickleBuilder.Of(pickle => pickle.Codes("}").Text("state_dict").Codes("}")
            .Text("conv1.weight").Tensor(0, [2, 2], [2, 1]).Codes("ss").Text("extra").Codes(codes + "s"));
        foreach (string layout in s_layouts)
        {
            foreach (byte[] pickle in new[] { first, last })
            {
                using var file = Load(layout, pickle);
                file.Tensors.Keys.Should().Equal(Tensor);
                file.Tensors[Tensor].shape.Should().Equal(2, 2);
                file.Unreadable.Should().BeEmpty();
            }
        }
    }
}
