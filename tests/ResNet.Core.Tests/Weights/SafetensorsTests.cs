using System.Text;
using ResNet.Core.Blocks;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Weights;

public sealed class SafetensorsTests : IDisposable
{
    private readonly WeightsFolder _folder = new();

    private string FilePath => _folder.FilePath;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_network_comes_back_from_its_file_bit_by_bit()
    {
        using var saved = ResNets.ResNet18(classes: 7).ToChannelsLast();
        saved.SaveWeights(FilePath, new Dictionary<string, string> { ["note"] = "für später" });
        using var loaded = ResNets.ResNet18(classes: 7);
        loaded.LoadWeights(FilePath);
        foreach (var (name, value) in saved.state_dict())
            value.allclose(loaded.state_dict()[name], rtol: 0, atol: 0).Should().BeTrue();
        using var file = WeightsFile.Load(FilePath);
        file.Metadata.Should().Contain("note", "für später");
        file.Tensors.Keys.Should().Equal(saved.state_dict().Keys);
    }

    // The bytes follow the format's description: a length, a header in JSON, the numbers 1, 2, 3, 4 as float32.
    [Fact]
    public void A_file_made_by_hand_is_read()
    {
        byte[] header = Encoding.UTF8.GetBytes("""{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}""");
        byte[] data = [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64];
        File.WriteAllBytes(FilePath, [.. BitConverter.GetBytes((long)header.Length), .. header, .. data]);
        using var file = WeightsFile.Load(FilePath);
        file.Tensors["x"].shape.Should().Equal(2, 2);
        file.Tensors["x"].data<float>().ToArray().Should().Equal(1, 2, 3, 4);
    }

    [Fact]
    public void What_is_written_is_laid_out_as_the_format_says()
    {
        using var x = tensor(new long[] { 1, -1 });
        WeightsFile.Save(FilePath, new Dictionary<string, Tensor> { ["x"] = x });
        byte[] bytes = File.ReadAllBytes(FilePath);
        int length = (int)BitConverter.ToInt64(bytes);
        (length % 8).Should().Be(0);
        Encoding.UTF8.GetString(bytes, 8, length).TrimEnd().Should().Be("""{"x":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}""");
        bytes[(8 + length)..].Should().Equal(1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(20_000)]
    public void A_file_that_is_cut_short_is_refused_with_its_path(int length)
    {
        using var network = new ResNetBuilder().StageDepths(1).Classes(2).Build();
        network.SaveWeights(FilePath);
        File.WriteAllBytes(FilePath, File.ReadAllBytes(FilePath)[..length]);
        Refusal(network).Should().StartWith($"The weights file '{FilePath}' is ");
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,999]}}""", "lies outside of it")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "lies outside of it")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1000000,1000000,1000000,1000000],"data_offsets":[0,8]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "has 8 bytes, but its shape needs 12")]
    [InlineData("""{"x":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}""", "of type C64")]
    [InlineData("""{"x":{"shape":[1]}}""", "header is damaged")]
    [InlineData("""{"x":{"dtype":null,"shape":[1],"data_offsets":[0,4]}}""", "header is damaged")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        "has the tensor 'x' twice")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        "'y' begins at byte 0 of the data, but the one before it ends at 4")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "'x' begins at byte 4 of the data, but the one before it ends at 0")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "its tensors have 4 bytes, but 8 follow the header")]
    [InlineData("{not json", "header is damaged")]
    [InlineData("[1, 2]", "is not a file of weights")]
    public void A_damaged_header_is_refused(string header, string problem)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(FilePath, [.. BitConverter.GetBytes((long)json.Length), .. json, .. new byte[8]]);
        var load = () => WeightsFile.Load(FilePath);
        load.Should().Throw<WeightsFileException>().Which.Message.Should().Contain(problem).And.Contain(FilePath);
    }

    [Fact]
    public void A_missing_file_is_refused_with_its_path()
    {
        using var network = new ResNetBuilder().StageDepths(1).Classes(2).Build();
        Refusal(network).Should().Be($"The weights file '{FilePath}' does not exist.");
    }

    [Fact]
    public void Weights_of_another_network_are_refused_and_change_nothing()
    {
        using (var other = new ResNetBuilder().StageDepths(1, 1).Classes(3).Build()) other.SaveWeights(FilePath);
        using var network = new ResNetBuilder().StageDepths(1).Classes(2).Build();
        using var before = network.state_dict()["conv1.weight"].detach().clone();
        Refusal(network).Should().Contain("does not fit this network: ").And.Contain("; not in the network: ").And.Contain(" more.");
        network.state_dict()["conv1.weight"].allclose(before, rtol: 0, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void Another_number_of_classes_is_refused_with_both_shapes()
    {
        using (var other = new ResNetBuilder().StageDepths(1).Classes(3).Build()) other.SaveWeights(FilePath);
        using var network = new ResNetBuilder().StageDepths(1).Classes(2).Build();
        Refusal(network).Should().Contain(
            "fc.weight is [3, 64] instead of [2, 64], fc.bias is [3] instead of [2]; newClassifier: true accepts another classifier.");
    }

    [Fact]
    public void Batch_norms_and_frozen_ones_exchange_weights()
    {
        using var trained = new ResNetBuilder().StageDepths(1).Classes(2).Build();
        using (var scope = NewDisposeScope()) trained.call(randn([4, 3, 32, 32]));
        trained.SaveWeights(FilePath);
        using var frozen = new ResNetBuilder().StageDepths(1).Classes(2).Norm(Norm.FrozenBatch).Build();
        frozen.LoadWeights(FilePath);
        trained.eval();
        using var images = randn([2, 3, 32, 32]);
        using var expected = trained.call(images);
        // Frozen norms compute the same in training mode.
        using var found = frozen.call(images);
        found.allclose(expected, atol: 1e-5).Should().BeTrue();

        frozen.SaveWeights(FilePath);
        using var back = new ResNetBuilder().StageDepths(1).Classes(2).Build();
        back.LoadWeights(FilePath);
        back.eval();
        using var again = back.call(images);
        again.allclose(expected, atol: 1e-5).Should().BeTrue();
    }

    [Fact]
    public void A_write_that_fails_keeps_the_former_file_and_leaves_nothing_beside_it()
    {
        File.WriteAllText(FilePath, "former");
        var write = () => AtomicFile.Write(FilePath, stream =>
        {
            stream.WriteByte(1);
            throw new IOException("disk full");
        });
        write.Should().Throw<IOException>().WithMessage($"The file '{FilePath}' cannot be written: disk full.");
        File.ReadAllText(FilePath).Should().Be("former");
        Directory.GetFiles(_folder.Path).Should().ContainSingle();
    }

    [Fact]
    public void A_link_stays_one_and_permissions_stay_as_they_were()
    {
        if (OperatingSystem.IsWindows()) return;
        string target = Path.Combine(_folder.Path, "target");
        File.WriteAllText(target, "former");
        File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.CreateSymbolicLink(FilePath, target);
        AtomicFile.Write(FilePath, stream => stream.WriteByte(1));
        File.ReadAllBytes(target).Should().Equal(1);
        new FileInfo(FilePath).LinkTarget.Should().Be(target);
        File.GetUnixFileMode(target).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void What_is_no_place_for_a_file_is_said_in_a_sentence()
    {
        var folder = () => AtomicFile.Write(_folder.Path, _ => { });
        folder.Should().Throw<IOException>().WithMessage($"The file '{_folder.Path}' cannot be written: it is a folder.");
        string nowhere = Path.Combine(_folder.Path, "missing", "weights");
        var missing = () => AtomicFile.Write(nowhere, _ => { });
        missing.Should().Throw<IOException>().WithMessage($"The file '{nowhere}' cannot be written: its folder does not exist.");
        if (OperatingSystem.IsWindows()) return;
        var device = () => AtomicFile.Write("/dev/none", _ => { });
        device.Should().Throw<IOException>().WithMessage("The file '/dev/none' cannot be written: it is a device.");
    }

    private string Refusal(ResNetModel network)
    {
        var load = () => network.LoadWeights(FilePath);
        return load.Should().Throw<WeightsFileException>().Which.Message;
    }
}
