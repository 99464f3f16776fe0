using System.Text;

namespace ResNet.Core.Tests.Weights;

/// <summary>Pickles that would run code, or that are made to break their reader.</summary>
public sealed class HostilePickleTests : IDisposable
{
    // Unpickler knows these opcodes and refuses all others.
    private const string KnownCodes =
        ".(012NJKMGXUTCB)t]laed}suqrhjcRbQFILPSVgpio\x80\x81\x85\x86\x87\x88\x89\x8A\x8B\x8C\x8D\x8E\x8F\x90\x91\x92\x93\x94\x95\x96";

    private static readonly string[] s_layouts = ["zip", "legacy"];

    private static readonly Dictionary<string, Action<PickleBuilder>> s_repetitions = new()
    {
        // A list of two lists of two lists …
        ["lists"] = pickle => Doubled(pickle.Tensor(0, [4], [1]), "](", "e"),
        ["tuples"] = pickle => Doubled(pickle.Tensor(0, [4], [1]), "(", "t"),
        ["dictionaries"] = pickle => Doubled(pickle.Tensor(0, [4], [1]), "}(K\0", "u", "K\x01"),
        ["lists of nothing"] = pickle => Doubled(pickle.Codes("]"), "](", "e"),
        ["a long list of nothing"] = pickle => pickle.Codes("](").Repeat("N", 500_000).Codes("eq\0](").Repeat("h\0", 300_000).Codes("e"),
        ["a long dictionary of nothing"] = pickle => pickle
            .Codes("}(").Repeat("N", 500_000).Codes("uq\0](").Repeat("h\0", 300_000).Codes("e"),
        ["a long tuple of nothing"] = pickle => pickle.Codes("(").Repeat("N", 500_000).Codes("tq\0](").Repeat("h\0", 300_000).Codes("e"),
        ["OrderedDicts of one list"] = pickle => pickle
            .Global("collections", "OrderedDict").Codes("q\0](").Repeat("NN\x86", 100_000)
            .Codes("eq\x01(").Repeat("h\0h\x01\x85R", 100_000).Codes("t"),
        ["sizes of one list"] = pickle => pickle
            .Global("torch", "Size").Codes("q\0](").Repeat("N", 500_000)
            .Codes("eq\x01(").Repeat("h\0h\x01\x85R", 100_000).Codes("t"),
        ["sets of one list"] = pickle => pickle
            .Global("builtins", "set").Codes("q\0](").Repeat("N", 500_000)
            .Codes("eq\x01(").Repeat("h\0h\x01\x85R", 100_000).Codes("t"),
        ["a long name"] = pickle => pickle
            .Text(new string('a', 500_000)).Codes("q\0").Tensor(0, [4], [1])
            .Codes("q\x01}(").Repeat("h\0h\x01", 200_000).Codes("u"),
        ["long names in one another"] = pickle => Nested(pickle.Text(new string('a', 100_000)).Codes("q\0").Tensor(0, [4], [1])),
        ["names of a module"] = pickle => pickle
            .Text("torch." + new string('a', 400_000)).Codes("q\0").Text("FloatStorage")
            .Codes("q\x01(").Repeat("h\0h\x01\x93", 100_000).Codes("t"),
        ["a long key of a storage"] = pickle => pickle
            .Codes("(").Text("storage").Global("torch", "FloatStorage").Text(new string('1', 400_000)).Text("cpu")
            .Codes("K\x04tq\0").Repeat("h\0Q0", 400_000).Codes("N"),
        ["a long number as a key"] = pickle => pickle.Codes("}\x8B").UInt32(900_000).Repeat("\x7F", 900_000).Tensor(0, [4], [1]).Codes("s"),
        ["one tensor"] = pickle => pickle.Tensor(0, [4], [1]).Codes("q\0](").Repeat("h\0", 400_000).Codes("e"),
        ["the shape of a tensor"] = pickle => pickle
            .Integers([.. Enumerable.Repeat(1L, 64)]).Codes("q\0").Storage().Codes("q\x01")
            .Global("torch._utils", "_rebuild_tensor").Codes("q\x02](").Repeat("h\x02(h\x01K\0h\0h\0tR", 50_000).Codes("e"),
        ["keys of the memo"] = Colliding,
    };

    private readonly WeightsFolder _folder = new();

    private static readonly string[] s_values =
    [
        "N", "K\x01", "K\0", "]", "}", ")", "X\x01\0\0\0a", "\x88", "G\0\0\0\0\0\0\0\0",
        "C\x01" + "a", "K\x04\x85", "](Ne", "](K\x01\x85" + "e", "ctorch\nSize\n",
        "\x8A\x09\0\0\0\0\0\0\0\0\x7F",
    ];

    public static TheoryData<string, string> ForeignNames => new()
    {
        { "os", "system" }, { "posix", "system" }, { "nt", "system" }, { "subprocess", "Popen" }, { "socket", "create_connection" },
        { "builtins", "eval" }, { "__builtin__", "eval" }, { "builtins", "exec" },
        { "builtins", "getattr" }, { "builtins", "__import__" }, { "builtins", "open" },
        { "builtins", "set.union" }, { "operator", "attrgetter" }, { "functools", "partial" },
        { "pickle", "loads" }, { "numpy.core.multiarray", "_reconstruct" },
        { "torch", "load" }, { "torch.hub", "load" }, { "torch.storage", "_load_from_bytes" },
        { "torch._utils", "_rebuild_tensor_v3" }, { "torch._utils", "_rebuild_sparse_tensor" },
        { "torch", "device" }, { "torch.nn.modules.linear", "Linear" },
        { "torch", "ComplexFloatStorage" }, { "torch", "" }, { "", "" }, { "", "OrderedDict" },
        { "torch.x", "FloatStorage" }, { "torch.", "FloatStorage" }, { "torch.FloatStorage", "evil" },
        { "torch", "FloatStorage.evil" }, { "torch.cuda.x", "FloatStorage" },
        { "torch.cuda.", "FloatStorage" }, { "torch ", "FloatStorage" },
        { " torch", "FloatStorage" }, { "torch", "FloatStorage " }, { "torch", "floatstorage" },
        { "Torch", "FloatStorage" }, { "xtorch", "FloatStorage" }, { "torchx", "FloatStorage" },
        { "collections", "OrderedDict.fromkeys" }, { "collections.", "OrderedDict" },
        { "collections.OrderedDict", "" }, { "torch\0", "FloatStorage" }, { "torch\r", "FloatStorage" },
    };

    public static TheoryData<string> Constructors => new(
        "collections\nOrderedDict", "torch._utils\n_rebuild_tensor", "torch._utils\n_rebuild_tensor_v2", "torch._utils\n_rebuild_parameter",
        "torch._utils\n_rebuild_parameter_with_state", "torch.nn.parameter\nParameter",
        "torch\nSize", "_codecs\nencode", "builtins\nset", "torch\nFloatStorage");

    // Invalid opcodes, and a word of the error message.
    public static TheoryData<string, string> BrokenCodes => new()
    {
        { "", "operand that is not there" }, { "0", "operand that is not there" },
        { "2", "operand" }, { "(0", "operand" }, { "(2", "operand" }, { "(", "operand" },
        { "1", "mark" }, { "t", "mark" }, { "l", "mark" }, { "d", "mark" }, { "e", "mark" },
        { "]e", "mark" }, { "u", "mark" }, { "}u", "mark" }, { "]\x90", "mark" }, { "\x91", "mark" },
        { "a", "operand" }, { "]a", "operand" }, { "NNa", "no list" }, { "}Na", "no list" },
        { ")Na", "no list" }, { "(e", "mark|operand" }, { "N(e", "no list" }, { "((Ne", "operand" },
        { "s", "operand" }, { "}Ns", "operand" }, { "]NNs", "no dictionary" },
        { "N(NNu", "no dictionary" }, { "}(Nu", "key without a value" }, { "(Nd", "key without a value" },
        { "R", "operand" }, { ")R", "operand" }, { "N)R", "no constructor" },
        { "]]R", "arguments that are no tuple" }, { "X\0\0\0\0)R", "no constructor" }, { "\x81", "operand" },
        { "\x92", "operand" }, { "N)}\x92", "no constructor" }, { "N]}\x92", "no tuple" },
        { "N)\x81", "no constructor" }, { "Q", "operand" }, { "NQ", "no tuple" },
        { "]Q", "no tuple" }, { ")Q", "names a storage" }, { "(NNNNNtQ", "names a storage" },
        { "b", "operand" }, { "Nb", "operand" }, { "]}b", "a state" },
        { "K\x05}b", "a state" }, { "ctorch\nSize\n}b", "a state" }, { "NNb", "a state" },
        { "\x85", "operand" }, { "N\x86", "operand" }, { "NN\x87", "operand" }, { "(\x85", "operand" },
        { "\x93", "operand" }, { "NN\x93", "no text" }, { "X\x01\0\0\0aN\x93", "no text" }, { "]]\x93", "no text" },
        { "h\0", "reference" }, { "j\0\0\0\0", "reference" }, { "Nq\x01h\0", "reference" },
        { "j\xFF\xFF\xFF\xFF", "reference" }, { "j\xFF\xFF\xFF\x7F", "reference" },
        { "Nr\xFF\xFF\xFF\xFF", "memo" }, { "Nr\xFF\xFF\xFF\x7F", "memo" }, { "Nr\0\0\x10\0", "memo" },
        { "q\0", "operand" }, { "(q\0", "operand" }, { "\x94", "operand" },
        { "\x8B\xFF\xFF\xFF\xFF", "cut short" }, { "\x8B\xFF\xFF\xFF\x7F", "cut short" }, { "\x8B\0\0\0\x80", "cut short" },
        { "\x8D\0\0\0\0\0\0\0\x80", "cut short" }, { "\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "cut short" },
        { "\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", "cut short" },
        { "\x8E\0\0\0\0\x01\0\0\0", "cut short" }, { "\x96\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "cut short" },
        { "B\xFF\xFF\xFF\xFF", "cut short" }, { "T\xFF\xFF\xFF\xFF", "cut short" },
        { "X\xFF\xFF\xFF\xFF", "cut short" }, { "X\xFF\xFF\xFF\x7F", "cut short" }, { "X\x64\x90\0\0abc", "cut short" },
        { "X\x01\0\0\0\xFF", "damaged" }, { "\x8C\x02\xC3\x28", "damaged" },
        { "X\x03\0\0\0\xED\xA0\x80", "damaged" }, { "X\x02\0\0\0\xC0\xAF", "damaged" },
        { "\x80", "cut short|no tensors" }, { "N", "no tensors" }, { "]", "no tensors" },
        { "X\x01\0\0\0a", "no tensors" }, { "ctorch\nSize\n", "no tensors" },
    };

    public static TheoryData<long, long[], long[], string> BrokenTensors => new()
    {
        { -1, [1], [1], "negative offset" }, { long.MinValue, [1], [1], "negative offset" },
        { 4, [1], [1], "beyond its storage" }, { long.MaxValue, [1], [1], "beyond its storage" },
        { long.MaxValue, [2], [1], "a shape that no tensor has" },
        { 5, [0], [1], "offset beyond" }, { long.MaxValue, [0], [1], "offset beyond" },
        { 0, [5], [1], "beyond its storage" }, { 1, [4], [1], "beyond its storage" },
        { 0, [2, 2], [3, 2], "beyond its storage" }, { 0, [2], [4], "beyond its storage" },
        { 0, [-1], [1], "a shape that no tensor has" }, { 0, [2, -2], [1, 1], "a shape that no tensor has" },
        { 0, [0, -1], [1, 1], "a shape that no tensor has" },
        { 0, [long.MinValue], [1], "a shape that no tensor has" }, { 0, [2], [-1], "negative" },
        { 1, [2], [-1], "negative" }, { 3, [4], [-1], "negative" }, { 0, [2], [long.MinValue], "negative" },
        { 0, [2], [long.MaxValue], "beyond its storage" }, { 1, [2], [long.MaxValue], "a shape that no tensor has" },
        { 0, [3], [1L << 62], "a shape that no tensor has" },
        { 0, [1L << 62, 4], [0, 0], "a shape that no tensor has" }, { 0, [1L << 62, 4], [1, 1], "a shape that no tensor has" },
        { 0, [0, 1L << 62, 4], [1, 1, 1], "a shape that no tensor has" },
        { 0, [1_000_000_000_000], [0], "1000000000000 elements" },
        { 0, [1_000_000, 1_000_000], [0, 0], "1000000000000 elements" }, { 0, [1_000_000_000_000], [1], "beyond its storage" },
        { 0, [long.MaxValue], [0], "9223372036854775807 elements" },
        { 0, [1, 1], [1], "2 dimensions but 1 strides" }, { 0, [], [1], "0 dimensions but 1 strides" },
    };

    public static TheoryData<string> Repetitions => new(s_repetitions.Keys);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("os")]
    [InlineData("posix")]
    [InlineData("nt")]
    public void A_call_of_the_system_is_named_and_not_run(string module)
    {
        string trace = Path.Combine(_folder.Path, "trace");
        foreach (string layout in s_layouts)
        {
            Refusal(layout, PickleBuilder.Of(pickle => pickle.Global(module, "system").Codes("(")
                .Text($"echo ran > \"{trace}\"").Codes("tR")))
                .Should().Contain($"contains {module}.system, ").And.Contain("nothing of it was run");
            Refusal(layout, PickleBuilder.Of(pickle => pickle.StackGlobal(module, "system").Text($"echo ran > \"{trace}\"").Codes("\x85R")))
                .Should().Contain($"contains {module}.system, ").And.Contain("nothing of it was run");
            // The call stands in the place of a tensor, after a valid one: it is skipped.
            File.WriteAllBytes(_folder.FilePath, In(layout, PickleBuilder.Of(pickle => pickle.Codes("}(").Text("x").Tensor(0, [4], [1])
                .Text("y").Global(module, "system").Codes("(").Text($"echo ran > \"{trace}\"").Codes("tRu"))));
            using var file = Core.Weights.Formats.WeightsFile.Load(_folder.FilePath);
            file.Tensors.Keys.Should().Equal("x");
        }
        File.Exists(trace).Should().BeFalse();
    }

    [Fact]
    public void A_pickle_that_torch_did_not_write_is_not_run_either()
    {
        // pickle.dumps(…, protocol=4) of an object whose __reduce__ is (os.system, ("…",)).
        byte[] pickle =
        [
            0x80, 4, 0x95, 30, 0, 0, 0, 0, 0, 0, 0, 0x8C, 5, .. "posix"u8, 0x94, 0x8C, 6, .. "system"u8, 0x94, 0x93, 0x94,
            0x8C, 4, .. "echo"u8, 0x94, 0x85, 0x94, (byte)'R', 0x94, (byte)'.',
        ];
        _folder.Refusal(pickle).Should().Contain("contains posix.system, ");
        // A call in the other pickles of a legacy file is refused, too.
        byte[] call = PickleBuilder.Of(builder => builder.Global("posix", "system"));
        _folder.Refusal(HostileFile.LegacyPickles(HostileFile.Magic(), call)).Should().Contain("contains posix.system, ");
        _folder.Refusal(HostileFile.LegacyPickles(HostileFile.Magic(), HostileFile.Version(), call))
            .Should().Contain("contains posix.system, ");
        _folder.Refusal(HostileFile.Legacy(PickleBuilder.OneTensor(), call)).Should().Contain("contains posix.system, ");
    }

    [Theory]
    [MemberData(nameof(ForeignNames))]
    public void A_name_that_weights_have_no_need_of_is_refused_by_name(string module, string name)
    {
        string shown = $"contains {module}.{name}, ".Replace('\0', '?').Replace('\r', '?');
        foreach (string layout in s_layouts)
        {
            Refusal(layout, PickleBuilder.Of(pickle => pickle.Global(module, name))).Should().Contain(shown);
            Refusal(layout, PickleBuilder.Of(pickle => pickle.StackGlobal(module, name))).Should().Contain(shown);
            Refusal(layout, PickleBuilder.OneTensor(pickle => pickle.Global(module, name).Codes(")R"))).Should().Contain(shown);
        }
    }

    [Fact]
    public void A_name_is_shown_on_one_line_and_shortened()
    {
        Refusal("zip", PickleBuilder.Of(pickle => pickle.StackGlobal("os\nsystem\x1B[2J", new string('a', 10_000))))
            .Should().Contain("contains os?system?[2J.aaa").And.Match(message => message.Length < 600);
        Refusal("zip", PickleBuilder.Of(pickle => pickle.Global(new string('a', 10_000), "b"))).Should().Contain("a name without an end");
    }

    [Fact]
    public void Opcodes_that_weights_have_no_need_of_are_refused()
    {
        for (int code = 0; code < 256; code++)
        {
            if (KnownCodes.Contains((char)code)) continue;
            foreach (string operands in new[] { "", "os\nsystem\n(X\x01\0\0\0at", "1\n", "'a'\n", "\x01\0\0\0" })
            {
                string shown = code is > 32 and < 127 ? $"opcode '{(char)code}'" : $"opcode 0x{code:X2}";
                foreach (string layout in s_layouts)
                    Refusal(layout, PickleBuilder.Of($"])N({(char)code}{operands}")).Should().Contain(shown);
            }
        }
    }

    [Theory]
    [MemberData(nameof(BrokenCodes))]
    public void Codes_that_do_not_fit_together_are_refused(string codes, string words)
    {
        foreach (string layout in s_layouts)
            Refusal(layout, PickleBuilder.Of(codes)).Should().Match(message => words.Split('|').Any(message.Contains));
    }

    [Theory]
    [MemberData(nameof(Constructors))]
    public void A_constructor_with_arguments_that_it_does_not_take_is_refused(string name)
    {
        string[] values = [.. s_values, Storage, Tensor];
        foreach (string first in values)
        {
            foreach (string second in values.Append(""))
            {
                bool isParameter = name.Contains("aram") && first == Tensor;
                string? outcome = _folder.Outcome(HostileFile.Zip(PickleBuilder.Of($"c{name}\n({first}{second}tR")));
                (outcome is null).Should().Be(
                    isParameter, "a parameter of a tensor is one, and nothing else of these is: {0} {1}: {2}", first, second, outcome);
            }
        }
    }

    [Theory]
    [InlineData("_rebuild_tensor", 4)]
    [InlineData("_rebuild_tensor_v2", 6)]
    public void A_tensor_with_arguments_of_other_types_is_refused(string name, int count)
    {
        string[] arguments = [Storage, "K\0", "K\x04\x85", "K\x01\x85", "\x89", "}"];
        _folder.Outcome(HostileFile.Zip(PickleBuilder.Of($"ctorch._utils\n{name}\n({string.Concat(arguments.Take(count))}tR")))
            .Should().BeNull();
        for (int i = 0; i < count; i++)
        {
            string without = string.Concat(arguments.Take(count).Where((_, index) => index != i));
            Refusal("zip", PickleBuilder.Of($"ctorch._utils\n{name}\n({without}tR"))
                .Should().Contain("its pickle has a call of torch._utils._rebuild_tensor");
            foreach (string value in s_values.Append(Tensor))
            {
                if (i > 3 || value == arguments[i]) continue;
                string all = string.Concat(arguments.Take(count).Select((argument, index) => index == i ? value : argument));
                Refusal("zip", PickleBuilder.Of($"ctorch._utils\n{name}\n({all}tR")).Should().Contain("its pickle has a ");
            }
        }
    }

    [Theory]
    [MemberData(nameof(BrokenTensors))]
    public void A_tensor_that_does_not_lie_in_its_storage_is_refused(long offset, long[] shape, long[] strides, string words)
    {
        foreach (string layout in s_layouts)
            Refusal(layout, PickleBuilder.OneTensor(pickle => pickle.Tensor(offset, shape, strides))).Should().Contain(words);
    }

    [Fact]
    public void A_tensor_of_too_many_dimensions_is_refused()
    {
        foreach (int dimensions in new[] { 65, 1000, 100_000 })
        {
            long[] ones = [.. Enumerable.Repeat(1L, dimensions)];
            foreach (string layout in s_layouts)
                Refusal(layout, PickleBuilder.OneTensor(pickle => pickle.Tensor(0, ones, ones)))
                    .Should().Contain($"{dimensions} dimensions");
        }
    }

    [Fact]
    public void What_is_unusual_but_right_is_loaded()
    {
        long[] ones = [.. Enumerable.Repeat(1L, 64)];
        (long Offset, long[] Shape, long[] Strides)[] right =
        [
            (4, [0], [1]), (0, [0, 1L << 62], [1L << 62, 1]), (0, [1L << 40, 0], [1L << 40, 1L << 40]),
            (3, [1], [1L << 62]), (0, [1_000], [0]), (3, [], []), (0, ones, ones),
        ];
        foreach (var (offset, shape, strides) in right)
        {
            foreach (string layout in s_layouts)
            {
                File.WriteAllBytes(_folder.FilePath, In(layout, PickleBuilder.OneTensor(pickle => pickle.Tensor(offset, shape, strides))));
                using var file = Core.Weights.Formats.WeightsFile.Load(_folder.FilePath);
                file.Tensors["x"].shape.Should().Equal(shape);
                file.Tensors["x"].Doubles().Sum().Should().Be(0);
            }
        }
    }

    [Theory]
    [InlineData("0", 3L, "FloatStorage", "16 bytes for 3 elements|has 4 elements in place of 3")]
    [InlineData("0", 5L, "FloatStorage", "16 bytes for 5 elements|has 4 elements in place of 5")]
    [InlineData("0", 4L, "DoubleStorage", "16 bytes for 4 elements|cut short")]
    [InlineData("0", 4L, "ByteStorage", "16 bytes for 4 elements|")]
    [InlineData("0", -1L, "FloatStorage", "names a storage")]
    [InlineData("0", long.MinValue, "FloatStorage", "names a storage")]
    [InlineData("0", long.MaxValue, "FloatStorage", "16 bytes for|in place of")]
    [InlineData("0", (1L << 62) + 4, "FloatStorage", "16 bytes for|in place of")]
    [InlineData("1", 4L, "FloatStorage", "lacks the storage '1'|lists storages")]
    [InlineData("", 4L, "FloatStorage", "lacks the storage ''|lists storages")]
    [InlineData("../data/0", 4L, "FloatStorage", "lacks the storage|lists storages")]
    [InlineData("../../../../etc/passwd", 4L, "FloatStorage", "lacks the storage|lists storages")]
    [InlineData("/etc/passwd", 4L, "FloatStorage", "lacks the storage|lists storages")]
    [InlineData("0\0", 4L, "FloatStorage", "lacks the storage|lists storages")]
    [InlineData("0", 4L, "ComplexFloatStorage", "contains torch.ComplexFloatStorage|contains torch.ComplexFloatStorage")]
    [InlineData("0", 4L, "QInt8Storage", "contains torch.QInt8Storage|contains torch.QInt8Storage")]
    public void A_storage_that_is_not_as_the_pickle_says_is_refused(string key, long count, string type, string words)
    {
        byte[] pickle = PickleBuilder.OneTensor(builder => builder.Tensor(inner => inner.Storage(key, count, type), 0, [1], [1]));
        Refusal("zip", pickle).Should().Contain(words.Split('|')[0]);
        // In the legacy layout, a storage may end before the file does.
        if (words.Split('|')[^1] is { Length: > 0 } expected) Refusal("legacy", pickle).Should().Contain(expected);
    }

    [Theory]
    [InlineData("(X\x07\0\0\0storagectorch\nSize\nX\x01\0\0\0" + "0X\x03\0\0\0cpuK\x04t")]
    [InlineData("(X\x07\0\0\0storageX\x0C\0\0\0FloatStorageX\x01\0\0\0" + "0X\x03\0\0\0cpuK\x04t")]
    [InlineData("(X\x07\0\0\0storagectorch\nFloatStorage\nK\0X\x03\0\0\0cpuK\x04t")]
    [InlineData("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + "0X\x03\0\0\0cpuNt")]
    [InlineData("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + "0X\x03\0\0\0cput")]
    [InlineData("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + "0X\x03\0\0\0cpu\x8A\x09\0\0\0\0\0\0\0\0\x01t")]
    [InlineData("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + "0X\x03\0\0\0cpuK\x04NNt")]
    [InlineData("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + "0X\x03\0\0\0cpuK\x04(NK\x01K\x04tt")]
    [InlineData("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + "0X\x03\0\0\0cpuK\x04(NK\x05K\0tt")]
    [InlineData("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + "0X\x03\0\0\0cpuK\x04(NJ\xFF\xFF\xFF\xFFK\x01tt")]
    [InlineData("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
        + "0X\x03\0\0\0cpuK\x04(NK\x01\x8A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7Ftt")]
    [InlineData("(X\x05\0\0\0othert")]
    public void A_storage_that_is_named_in_another_way_is_refused(string identifier)
    {
        foreach (string layout in s_layouts)
            Refusal(layout, PickleBuilder.OneTensor(pickle => pickle.Tensor(inner => inner.Codes(identifier).Codes("Q"), 0, [1], [1])))
                .Should().Match(message => message.Contains("names a storage") || message.Contains("uses a part"));
    }

    [Fact]
    public void A_storage_of_two_types_or_lengths_is_refused()
    {
        foreach (var (count, type) in new[] { (4L, "IntStorage"), (2L, "DoubleStorage"), (3L, "FloatStorage") })
        {
            byte[] pickle = PickleBuilder.Of(builder => builder.Codes("}(").Text("x").Tensor(0, [4], [1])
                .Text("y").Tensor(inner => inner.Storage("0", count, type), 0, [1], [1]).Codes("u"));
            foreach (string layout in s_layouts) Refusal(layout, pickle).Should().Contain("describes the storage '0' in two ways");
        }
    }

    [Fact]
    public void A_whole_module_is_refused_with_what_to_save_instead()
    {
        Refusal("legacy", PickleBuilder.Of(pickle => pickle.Codes("(").Text("module").Codes("NNNtQ")))
            .Should().Contain("holds a whole module").And.Contain("model.state_dict()");
    }

    [Fact]
    public void What_contains_itself_is_refused()
    {
        foreach (string layout in s_layouts)
        {
            Refusal(layout, PickleBuilder.Of("]q\0h\0a")).Should().Contain("nested");
            Refusal(layout, PickleBuilder.Of("}q\0X\x01\0\0\0ah\0s")).Should().Contain("nested");
            Refusal(layout, PickleBuilder.Of("]q\0(h\0h\0h\0h\0e"))
                .Should().Match(message => message.Contains("nested") || message.Contains("repeats itself"));
            Refusal(layout, PickleBuilder.Of("]q\0h\0\x85" + "a")).Should().Contain("nested");
            Refusal(layout, PickleBuilder.OneTensor(pickle => pickle.Codes("]q\0h\0a0h\0"))).Should().Contain("nested");
        }
    }

    [Fact]
    public void A_million_lists_in_one_another_are_refused()
    {
        foreach (string layout in s_layouts)
        {
            Refusal(layout, PickleBuilder.Of(pickle => pickle.Repeat("]", 1_000_000).Repeat("a", 999_999))).Should().Contain("nested");
            Refusal(layout, PickleBuilder.Of(pickle => pickle.Codes("N").Repeat("\x85", 1_000_000))).Should().Contain("nested");
            Refusal(layout, PickleBuilder.Of(pickle => pickle.Repeat("(", 1_000_000))).Should().Contain("operand");
            Refusal(layout, PickleBuilder.Of(pickle => pickle.Repeat("(", 1_000_000).Repeat("l", 1_000_000))).Should().Contain("nested");
        }
    }

    [Theory]
    [MemberData(nameof(Repetitions))]
    public void What_repeats_itself_is_refused_quickly_and_takes_little_memory(string what)
    {
        byte[] pickle = PickleBuilder.Of(s_repetitions[what]);
        foreach (string layout in s_layouts)
        {
            File.WriteAllBytes(_folder.FilePath, In(layout, pickle));
            var (refusal, allocated) = WeightsFolder.Within(() =>
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                var load = () => Core.Weights.Formats.WeightsFile.Load(_folder.FilePath);
                string message = load.Should().Throw<Core.Weights.WeightsFileException>(what).Which.Message;
                return (message, GC.GetAllocatedBytesForCurrentThread() - before);
            });
            refusal.Should().Contain(_folder.FilePath);
            allocated.Should().BeLessThan((100L * pickle.Length) + 10_000_000, what);
        }
    }

    // Doubles the object on the stack thirty times, in a container that begins and ends with these opcodes.
    private static void Doubled(PickleBuilder pickle, string begin, string end, string between = "")
    {
        pickle.Codes("q\0");
        for (int depth = 0; depth < 30; depth++) pickle.Codes($"{begin}h\0{between}h\0{end}q\0");
    }

    // Puts the object on the stack into thirty nested dictionaries, each with the memo's entry 0 as its key.
    private static void Nested(PickleBuilder pickle)
    {
        for (int depth = 0; depth < 30; depth++) pickle.Codes("q\x01}h\0h\x01s");
    }

    // The keys would all fall into one bucket of a .NET hash table of 36353 buckets.
    private static void Colliding(PickleBuilder pickle)
    {
        pickle.Codes("N");
        for (uint i = 0; i < 36_000; i++) pickle.Codes("r").UInt32(i * 36_353);
        for (int i = 0; i < 100_000; i++) pickle.Codes("0j").UInt32(0);
    }

    private static string Storage => Encoding.Latin1.GetString(PickleBuilder.Of(pickle => pickle.Storage()))[2..^1];

    private static string Tensor => Encoding.Latin1.GetString(PickleBuilder.Of(pickle => pickle.Tensor(0, [4], [1])))[2..^1];

    private static byte[] In(string layout, byte[] pickle) => layout == "zip" ? HostileFile.Zip(pickle) : HostileFile.Legacy(pickle);

    private string Refusal(string layout, byte[] pickle) => _folder.Refusal(In(layout, pickle));
}
