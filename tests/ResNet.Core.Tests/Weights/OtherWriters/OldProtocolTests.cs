using System.IO.Compression;
using System.Numerics;
using System.Text;
using ResNet.Core.Weights.Formats;
using ResNet.Core.Weights.Formats.PyTorch;

namespace ResNet.Core.Tests.Weights.OtherWriters;

/// <summary>Pickles of protocols 0 and 1, which write values as lines of text.</summary>
public sealed class OldProtocolTests : IDisposable
{
    // From Python 3.11, base64.b64encode(pickle.dumps(v, protocol)), where v = {
    //   "ints": [0, 1, -7, 255, 65536, 2**31, -2**40, 2**70, -2**70],
    //   "floats": [0.1, -0.0, 1e-300, float("inf"), float("-inf"), float("nan")],
    //   "texts": ["", "a", "caf\u00e9", "\\u0041 \\", "line\nfeed\r", "\u20ac", "\U0001f600", "'\""],
    //   "flags": [True, False, None], "tuple": (1, (2,), ()), "d": OrderedDict([("x", 1)]), "bytes": b"\x00ab\xff",
    //   "same": v["ints"]}.
    private const string Protocol0 =
        "KGRwMApWaW50cwpwMQoobHAyCkkwCmFJMQphSS03CmFJMjU1CmFJNjU1MzYKYUwyMTQ3NDgzNjQ4TAphTC0xMDk5NTExNjI3Nzc2TAphTDExOD"
        + "A1OTE2MjA3MTc0MTEzMDM0MjRMCmFMLTExODA1OTE2MjA3MTc0MTEzMDM0MjRMCmFzVmZsb2F0cwpwMwoobHA0CkYwLjEKYUYtMC4wCmFGMWUt"
        + "MzAwCmFGaW5mCmFGLWluZgphRm5hbgphc1Z0ZXh0cwpwNQoobHA2ClYKcDcKYVZhCnA4CmFWY2Fm6QpwOQphVlx1MDA1Y3UwMDQxIFx1MDA1Yw"
        + "pwMTAKYVZsaW5lXHUwMDBhZmVlZFx1MDAwZApwMTEKYVZcdTIwYWMKcDEyCmFWXFUwMDAxZjYwMApwMTMKYVYnIgpwMTQKYXNWZmxhZ3MKcDE1"
        + "CihscDE2CkkwMQphSTAwCmFOYXNWdHVwbGUKcDE3CihJMQooSTIKdHAxOAoodHRwMTkKc1ZkCnAyMApjY29sbGVjdGlvbnMKT3JkZXJlZERpY3"
        + "QKcDIxCih0UnAyMgpWeApwMjMKSTEKc3NWYnl0ZXMKcDI0CmNfY29kZWNzCmVuY29kZQpwMjUKKFZcdTAwMDBhYv8KcDI2ClZsYXRpbjEKcDI3"
        + "CnRwMjgKUnAyOQpzVnNhbWUKcDMwCmcyCnMu";

    private const string Protocol1 =
        "fXEAKFgEAAAAaW50c3EBXXECKEsASwFK+f///0v/SgAAAQBMMjE0NzQ4MzY0OEwKTC0xMDk5NTExNjI3Nzc2TApMMTE4MDU5MTYyMDcxNzQxMT"
        + "MwMzQyNEwKTC0xMTgwNTkxNjIwNzE3NDExMzAzNDI0TAplWAYAAABmbG9hdHNxA11xBChHP7mZmZmZmZpHgAAAAAAAAABHAaVuH8L481lHf/AA"
        + "AAAAAABH//AAAAAAAABHf/gAAAAAAABlWAUAAAB0ZXh0c3EFXXEGKFgAAAAAcQdYAQAAAGFxCFgFAAAAY2Fmw6lxCVgIAAAAXHUwMDQxIFxxCl"
        + "gKAAAAbGluZQpmZWVkDXELWAMAAADigqxxDFgEAAAA8J+YgHENWAIAAAAnInEOZVgFAAAAZmxhZ3NxD11xEChJMDEKSTAwCk5lWAUAAAB0dXBs"
        + "ZXERKEsBKEsCdHESKXRxE1gBAAAAZHEUY2NvbGxlY3Rpb25zCk9yZGVyZWREaWN0CnEVKVJxFlgBAAAAeHEXSwFzWAUAAABieXRlc3EYY19jb2"
        + "RlY3MKZW5jb2RlCnEZKFgFAAAAAGFiw79xGlgGAAAAbGF0aW4xcRt0cRxScR1YBAAAAHNhbWVxHmgCdS4=";

    private readonly WeightsFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Protocol0)]
    [InlineData(Protocol1)]
    public void What_Python_wrote_is_read(string base64)
    {
        var values = Load(Convert.FromBase64String(base64)).Should().BeOfType<PickledDictionary>().Which
            .ToDictionary(entry => (string)entry.Key!, entry => entry.Value);
        ((List<object?>)values["ints"]!).Should().Equal(
            0L, 1L, -7L, 255L, 65536L, 1L << 31, -(1L << 40), BigInteger.One << 70, -(BigInteger.One << 70));
        ((List<object?>)values["floats"]!).Should().Equal(
            0.1, -0.0, 1e-300, double.PositiveInfinity, double.NegativeInfinity, double.NaN);
        double.IsNegative((double)((List<object?>)values["floats"]!)[1]!).Should().BeTrue();
        ((List<object?>)values["texts"]!).Should().Equal(
            "", "a", "caf\u00e9", "\\u0041 \\", "line\nfeed\r", "\u20ac", "\U0001f600", "'\"");
        ((List<object?>)values["flags"]!).Should().Equal(true, false, null);
        values["tuple"].Should().BeEquivalentTo(new object?[] { 1L, new object?[] { 2L }, Array.Empty<object?>() });
        values["d"].Should().BeOfType<PickledDictionary>().Which.Single().Should().Be(new KeyValuePair<object?, object?>("x", 1L));
        values["bytes"].Should().Be("\0ab\u00ff");
        values["same"].Should().BeSameAs(values["ints"]);
    }

    [Theory]
    [InlineData("S'a'\n", "a")]
    [InlineData("S\"it's\"\n", "it's")]
    [InlineData("S''\n", "")]
    [InlineData("S'\\x00\\xff\\n\\r\\t\\\\\\''\n", "\0\u00ff\n\r\t\\'")]
    [InlineData("V\\\\u0041\n", "\\\\u0041")]
    [InlineData("V\\ud83d\\ude00\n", "\U0001f600")]
    [InlineData("V\\x41\n", "\\x41")]
    public void A_line_of_text_is_what_Python_reads(string codes, string text) => Load(codes).Should().Be(text);

    [Theory]
    [InlineData("I01\n", true)]
    [InlineData("I00\n", false)]
    [InlineData("I1\n", 1L)]
    [InlineData("L5\n", 5L)]
    [InlineData("L-9223372036854775808L\n", long.MinValue)]
    [InlineData("F1\n", 1.0)]
    public void A_line_of_a_number_is_what_Python_reads(string codes, object value) => Load(codes).Should().Be(value);

    [Theory]
    [InlineData("(I1\nicollections\nCounter\n")]
    [InlineData("(ccollections\nCounter\nI1\no")]
    [InlineData("(ilib\nC\n")]
    [InlineData("(clib\nC\no")]
    public void Instances_of_old_classes_are_placeholders(string codes) => Load(codes).Should().BeOfType<PickledObject>();

    [Theory]
    [InlineData("Ix\n", "a line that is no number")]
    [InlineData("I\n", "a line that is no number")]
    [InlineData("I 1\n", "a line that is no number")]
    [InlineData("F1,5\n", "a line that is no number")]
    [InlineData("F\n", "a line that is no number")]
    [InlineData("Sa\n", "a line that is no text")]
    [InlineData("S'\n", "a line that is no text")]
    [InlineData("S'a\"\n", "a line that is no text")]
    [InlineData("S'\\'\n", "a line that is no text")]
    [InlineData("S'\\x4'\n", "a line that is no text")]
    [InlineData("S'\\q'\n", "a line that is no text")]
    [InlineData("V\\u12\n", "a line that is no text")]
    [InlineData("V\\U00110000\n", "a line that is no text")]
    [InlineData("V\\Uffffffff\n", "a line that is no text")]
    [InlineData("V\\ud800\n", "is not UTF-8")]
    [InlineData("Np-1\n", "no key of its memo")]
    [InlineData("Npx\n", "no key of its memo")]
    [InlineData("Np999999999\n", "a memo of 999999999 things")]
    [InlineData("Np99999999999999999999\n", "no key of its memo")]
    [InlineData("g0\n", "a reference to something")]
    [InlineData("g-1\n", "no key of its memo")]
    [InlineData("icollections\nCounter\n", "a mark that is not there")]
    [InlineData("(o", "an operand that is not there")]
    [InlineData("(No", "an operand that is not there")]
    [InlineData("(I1\no", "a call of something that is no constructor")]
    [InlineData("P0\n", "a persistent identifier that is no tuple")]
    [InlineData("P('storage', <class 'torch.FloatStorage'>, '0', 'cpu', -4)\n", "a persistent identifier that is no tuple")]
    [InlineData("P('storage', <class 'torch.FloatStorage'>, '0', 'cpu', 9999999999999999999)\n", "identifier that is no tuple")]
    [InlineData("P('storage', <class 'torch.Size'>, '0', 'cpu', 4)\n", "names a storage in a way that PyTorch does not")]
    [InlineData("P('storage', <class 'torch.FloatStorage'>, '0', 'cpu', 4, ('1', 3, 2))\n", "lies outside of it")]
    [InlineData("I1", "cut short")]
    [InlineData("V", "cut short")]
    public void A_line_that_Python_does_not_write_is_refused(string codes, string words) =>
        _folder.Refusal(HostileFile.Zip(Encoding.Latin1.GetBytes(codes + (words == "cut short" ? "" : ".")))).Should().Contain(words);

    [Fact]
    public void Lines_without_an_end_take_no_memory()
    {
        string Refusal(string codes) => _folder.Refusal(HostileFile.Zip(Encoding.Latin1.GetBytes(codes)));
        string ones = new('1', 1 << 20);
        foreach (string code in new[] { "I", "L", "F", "P", "p", "g", "ia\n" })
            Refusal($"N{code}{ones}").Should().Contain("without an end");
        Refusal($"L{ones[..900]}L\n.").Should().Contain("no number");
        foreach (string code in new[] { "V", "S" }) Refusal(code + ones).Should().Contain("cut short");
    }

    [Fact]
    public void A_long_text_beside_a_tensor_is_passed_over()
    {
        byte[] pickle = PickleBuilder.Of(builder => builder.Codes("}(").Text("x").Tensor(0, [4], [1])
            .Text("image").Codes($"V{new string('p', 100_000)}\n").Codes("u"));
        File.WriteAllBytes(_folder.FilePath, HostileFile.Zip(pickle));
        using var file = WeightsFile.Load(_folder.FilePath);
        file.Tensors.Keys.Should().Equal("x");
    }

    [Fact]
    public void A_call_of_the_system_by_an_old_opcode_is_named_and_not_run()
    {
        string trace = Path.Combine(_folder.Path, "trace");
        foreach (string codes in new[] { $"(S'touch {trace}'\niposix\nsystem\n.", $"(cposix\nsystem\nS'touch {trace}'\no." })
        {
            _folder.Refusal(HostileFile.Zip(Encoding.Latin1.GetBytes(codes)))
                .Should().Contain("contains posix.system, ").And.Contain("nothing of it was run");
        }
        File.Exists(trace).Should().BeFalse();
    }

    [Fact]
    public void The_archives_of_early_TorchScript_are_named()
    {
        using (var archive = new ZipArchive(File.Create(_folder.FilePath), ZipArchiveMode.Create))
        {
            foreach (string name in new[] { "resnet/version", "resnet/code/resnet.py", "resnet/model.json", "resnet/tensors/0" })
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write("1\n"u8);
            }
        }
        WeightsFolder.Outcome(_folder.FilePath).Should().Contain(
            "is a TorchScript archive of PyTorch 1.0 to 1.2 (model.json), which is not read: load it with PyTorch and save its "
            + "state_dict()");
    }

    private static object? Load(string codes) => Load(Encoding.Latin1.GetBytes(codes + "."));

    private static object? Load(byte[] pickle)
    {
        using var stream = new MemoryStream(pickle);
        return new Unpickler(stream, "weights", identifier => identifier).Load();
    }
}
