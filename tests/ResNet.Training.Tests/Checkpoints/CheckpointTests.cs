using System.Security.Cryptography;
using System.Text;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Testing;
using ResNet.Training.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private static readonly Dictionary<string, string> s_texts = new()
    {
        ["options"] = """{"seed":3,"größe":"½ \"quoted\""}""",
        ["empty"] = "",
        ["lines"] = "a,b\n1,2\r\n\t\0 <&'+> 🦊",
    };

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    private string FilePath => _folder.File("checkpoint.safetensors");

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Every_type_shape_and_stride_comes_back_bit_by_bit()
    {
        var tensors = Tensors.OfEveryKind();
        Checkpoint.Write(FilePath, 12_345_678_901, tensors, s_texts);
        using var checkpoint = Checkpoint.Read(FilePath);
        checkpoint.Path.Should().Be(FilePath);
        checkpoint.Step.Should().Be(12_345_678_901);
        checkpoint.Texts.Should().Equal(s_texts);
        checkpoint.Tensors.ShouldEqual(tensors);
    }

    [Fact]
    public void What_was_read_can_be_copied_over_what_it_came_from()
    {
        var tensors = Tensors.OfEveryKind();
        tensors.Remove("repeated");
        Checkpoint.Write(FilePath, 1, tensors, s_texts);
        using var checkpoint = Checkpoint.Read(FilePath);
        using var frozen = no_grad();
        foreach (var (name, tensor) in tensors)
        {
            var bits = tensor.Bits();
            long[] strides = tensor.stride();
            tensor.zero_();
            tensor.copy_(checkpoint.Tensors[name]);
            tensor.Bits().Should().Equal(bits, name);
            tensor.stride().Should().Equal(strides, name);
        }
    }

    [Fact]
    public void The_file_opens_as_weights_and_its_digest_is_that_of_all_its_bytes()
    {
        var tensors = Tensors.OfEveryKind();
        Checkpoint.Write(FilePath, 7, tensors, s_texts);
        using var file = WeightsFile.Load(FilePath);
        file.Format.Should().Be(WeightsFormat.Safetensors);
        file.Tensors.ShouldEqual(tensors);
        file.Metadata.Keys.Should().Equal(["sha256", "format", "version", "step", .. s_texts.Keys]);

        string digest = file.Metadata["sha256"];
        var bytes = File.ReadAllBytes(FilePath);
        int place = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(digest));
        bytes.AsSpan(place, digest.Length).Fill((byte)'0');
        Convert.ToHexStringLower(SHA256.HashData(bytes)).Should().Be(digest);
    }

    [Fact]
    public void The_same_content_gives_the_same_bytes()
    {
        var tensors = Tensors.OfEveryKind();
        Checkpoint.Write(FilePath, 7, tensors, s_texts);
        Checkpoint.Write(_folder.File("again"), 7, tensors, s_texts);
        File.ReadAllBytes(_folder.File("again")).Should().Equal(File.ReadAllBytes(FilePath));
    }

    [Fact]
    public void Every_changed_bit_is_found()
    {
        var whole = Small();
        for (int place = 0; place < whole.Length; place++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                whole[place] ^= (byte)(1 << bit);
                Refused(whole, $"bit {bit} of byte {place} was changed");
                whole[place] ^= (byte)(1 << bit);
            }
        }
        Record.Exception(() => Read(whole)).Should().BeNull("the file is unchanged");
    }

    [Fact]
    public void A_file_of_any_other_length_is_refused()
    {
        var whole = Small();
        for (int length = 0; length < whole.Length; length++) Refused(whole[..length], $"it has {length} bytes");
        Refused([.. whole, 0], "it has an additional byte");
        Refused([.. whole, (byte)' '], "it has an additional byte");
        Refused([.. whole, .. whole], "the content is there twice");
        Problem(whole[..50]).Should().Be("is cut short");
        Problem(whole[..^1]).Should().Be("is cut short or damaged: its content is not the one that its checksum was taken of");
    }

    [Fact]
    public void A_damaged_byte_of_a_large_file_is_found()
    {
        Checkpoint.Write(FilePath, 1, new Dictionary<string, Tensor> { ["x"] = rand(1_000_000) }, s_texts);
        var random = new Random(3);
        for (int i = 0; i < 20; i++)
        {
            long place = random.NextInt64(new FileInfo(FilePath).Length);
            Flip(place);
            var read = () => Checkpoint.Read(FilePath);
            read.Should().Throw<CheckpointException>($"byte {place} was changed").Which.IsDamaged.Should().BeTrue();
            Flip(place);
        }
        Checkpoint.Read(FilePath).Dispose();

        void Flip(long place)
        {
            using var file = File.Open(FilePath, FileMode.Open);
            file.Position = place;
            int value = file.ReadByte();
            file.Position = place;
            file.WriteByte((byte)(value ^ 4));
        }
    }

    [Fact]
    public void A_file_whose_digest_was_never_written_is_refused()
    {
        var half = Small();
        half.AsSpan(Encoding.ASCII.GetString(half).IndexOf("\"sha256\":\"", StringComparison.Ordinal) + 10, 64).Fill((byte)'0');
        Refused(half, "the process was killed before");
    }

    [Fact]
    public void Other_files_are_refused()
    {
        WeightsFile.Save(
            FilePath, new Dictionary<string, Tensor> { ["x"] = zeros(100) }, new Dictionary<string, string> { ["format"] = "pt" });
        Problem(File.ReadAllBytes(FilePath)).Should().Be("is not a checkpoint, or its beginning is damaged");
        Refused([], "it is empty");
        Refused(new byte[1000], "it has zeros");
        Problem(Sealed(new() { ["format"] = "something else", ["version"] = "2", ["step"] = "1" }), isDamaged: false)
            .Should().Be("is not a checkpoint");
        Problem(Sealed(new() { ["version"] = "2", ["step"] = "1" }), isDamaged: false).Should().Be("is not a checkpoint");
        Problem(Sealed(new() { ["format"] = "resnet-checkpoint", ["version"] = "2", ["step"] = "-1" }), isDamaged: false)
            .Should().Be("does not say of which step it is");
    }

    [Fact]
    public void A_newer_version_says_so()
    {
        var newer = Sealed(new() { ["format"] = "resnet-checkpoint", ["version"] = "3" });
        Problem(newer, isDamaged: false).Should()
            .Be("is of version 3, but this library reads version 2: use the library that wrote it, or a newer one");
    }

    [Theory]
    [InlineData("1", "version 1")]
    [InlineData("0", "no known version")]
    [InlineData("x", "no known version")]
    [InlineData(null, "no known version")]
    public void An_older_version_says_what_to_do(string? version, string said)
    {
        var texts = new Dictionary<string, string> { ["format"] = "resnet-checkpoint", ["step"] = "5" };
        if (version is not null) texts["version"] = version;
        Problem(Sealed(texts), isDamaged: false).Should().Be(
            $"is of {said}, but this library reads version 2: "
            + "finish the run with the library that wrote it, or begin a new run in another folder");
    }

    [Fact]
    public void A_sound_digest_does_not_make_a_hostile_header_sound()
    {
        var bytes = Small();
        int shape = Encoding.ASCII.GetString(bytes).IndexOf("[2,3]", StringComparison.Ordinal);
        bytes[shape + 1] = (byte)'9';
        var outcome = Record.Exception(() => Read(WithDigest(bytes)));
        outcome.Should().BeOfType<CheckpointException>().Which.IsDamaged.Should().BeFalse();
        outcome.Message.Should().StartWith($"The checkpoint '{FilePath}' cannot be used: The weights file ").And.EndWith(".");
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_told_in_a_sentence()
    {
        var missing = () => Checkpoint.Read(_folder.File("none"));
        missing.Should().Throw<CheckpointException>().WithMessage($"The checkpoint '{_folder.File("none")}' does not exist.");
        var folder = () => Checkpoint.Read(_folder.Path);
        folder.Should().Throw<CheckpointException>()
            .WithMessage($"The checkpoint '{_folder.Path}' cannot be read: *.").Which.IsDamaged.Should().BeFalse();
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("format")]
    [InlineData("version")]
    [InlineData("step")]
    public void Texts_with_the_files_own_names_are_refused(string name)
    {
        using var x = tensor(1f);
        var write = () => Checkpoint.Write(
            FilePath, 1, new Dictionary<string, Tensor> { ["x"] = x }, new Dictionary<string, string> { [name] = "" });
        write.Should().Throw<ArgumentException>()
            .WithMessage($"A text of a checkpoint cannot be called '{name}', which the file itself needs.*");
        Directory.GetFiles(_folder.Path).Should().BeEmpty();
    }

    [Fact]
    public void What_cannot_be_stored_leaves_the_former_file()
    {
        Small();
        var former = File.ReadAllBytes(FilePath);
        using var complex = tensor(1f).to(ScalarType.ComplexFloat32);
        var write = () => Checkpoint.Write(FilePath, 2, new Dictionary<string, Tensor> { ["z"] = complex }, s_texts);
        write.Should().Throw<ArgumentException>();
        var nothing = () => Checkpoint.Write(FilePath, 2, new Dictionary<string, Tensor>(), s_texts);
        nothing.Should().Throw<ArgumentException>();
        Directory.GetFiles(_folder.Path).Should().Equal(FilePath);
        File.ReadAllBytes(FilePath).Should().Equal(former);
    }

    [Fact]
    public void Reading_and_writing_leave_no_tensors_behind()
    {
        var tensors = Tensors.OfEveryKind();
        long before = LiveTensors.Count();
        for (int i = 0; i < 3; i++)
        {
            Checkpoint.Write(FilePath, i, tensors, s_texts);
            Checkpoint.Read(FilePath).Dispose();
            Record.Exception(() => Read(File.ReadAllBytes(FilePath)[..^1])).Should().BeOfType<CheckpointException>();
            Record.Exception(() => Read(Sealed(new() { ["format"] = "another" }))).Should().BeOfType<CheckpointException>();
        }
        Tensor.TotalCount.Should().Be(before);
    }

    [Fact]
    public void What_was_read_outlives_the_scope_it_was_read_in()
    {
        Small();
        Checkpoint checkpoint;
        using (NewDisposeScope()) checkpoint = Checkpoint.Read(FilePath);
        checkpoint.Tensors["x"].Bits().Should().HaveCount(24);
        checkpoint.Dispose();
    }

    private byte[] Small()
    {
        using var x = arange(6, ScalarType.Float32).view(2, 3);
        using var n = tensor(5L);
        Checkpoint.Write(
            FilePath, 42, new Dictionary<string, Tensor> { ["x"] = x, ["n"] = n }, new Dictionary<string, string> { ["note"] = "a text" });
        return File.ReadAllBytes(FilePath);
    }

    // Makes a file with a correct checksum and these texts.
    private byte[] Sealed(Dictionary<string, string> texts)
    {
        using var x = zeros(2);
        SealedFile.Write(FilePath, new Dictionary<string, Tensor> { ["x"] = x }, texts);
        return File.ReadAllBytes(FilePath);
    }

    private static byte[] WithDigest(byte[] bytes)
    {
        var copy = (byte[])bytes.Clone();
        var place = copy.AsSpan(Encoding.ASCII.GetString(copy).IndexOf("\"sha256\":\"", StringComparison.Ordinal) + 10, 64);
        place.Fill((byte)'0');
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(copy))).CopyTo(place);
        return copy;
    }

    private void Read(byte[] bytes)
    {
        File.WriteAllBytes(FilePath, bytes);
        Checkpoint.Read(FilePath).Dispose();
    }

    private string Problem(byte[] bytes, bool isDamaged = true)
    {
        var failure = FluentActions.Invoking(() => Read(bytes)).Should().Throw<CheckpointException>().Which;
        failure.IsDamaged.Should().Be(isDamaged);
        failure.Path.Should().Be(FilePath);
        return failure.Message[$"The checkpoint '{FilePath}' ".Length..^1];
    }

    // Uses an assertion only for a failure, because there are thousands of calls.
    private void Refused(byte[] bytes, string because)
    {
        var outcome = Record.Exception(() => Read(bytes));
        if (outcome is not CheckpointException { IsDamaged: true })
            Assert.Fail($"It should have been refused because {because}, but it came to {outcome}");
    }
}
