using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Weights;

public sealed class SavingTests : IDisposable
{
    private readonly WeightsFolder _folder = new();

    private string FilePath => _folder.FilePath;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(WeightsFormat.Safetensors)]
    [InlineData(WeightsFormat.PyTorch)]
    [InlineData(WeightsFormat.TorchSharp)]
    public void Every_type_and_stride_comes_back_from_its_file(WeightsFormat format)
    {
        using var types = StoredFile.Load("types.pth");
        using var views = StoredFile.Load("views.pth");
        var tensors = types.Tensors.Concat(views.Tensors).ToDictionary(entry => entry.Key, entry => entry.Value);
        WeightsFile.Save(FilePath, tensors, format: format);
        using var file = WeightsFile.Load(FilePath);
        file.Format.Should().Be(format);
        file.Tensors.Keys.Should().Equal(tensors.Keys);
        foreach (var (name, tensor) in tensors)
        {
            file.Tensors[name].dtype.Should().Be(tensor.dtype);
            file.Tensors[name].shape.Should().Equal(tensor.shape);
            file.Tensors[name].Doubles().Should().Equal(tensor.Doubles());
        }
    }

    [Theory]
    [InlineData(WeightsFormat.Safetensors)]
    [InlineData(WeightsFormat.PyTorch)]
    [InlineData(WeightsFormat.TorchSharp)]
    public void A_network_comes_back_from_every_format_bit_by_bit(WeightsFormat format)
    {
        using var saved = ResNets.ResNet18(classes: 7).ToChannelsLast();
        saved.SaveWeights(FilePath, format: format);
        using var loaded = ResNets.ResNet18(classes: 7);
        var report = loaded.LoadWeights(FilePath);
        report.Loaded.Should().Equal(saved.state_dict().Keys);
        report.ToString().Should().Be($"122 of 122 tensors loaded from '{FilePath}' ({format})");
        foreach (var (name, value) in saved.state_dict())
            value.allclose(loaded.state_dict()[name], rtol: 0, atol: 0).Should().BeTrue();
    }

    [Theory]
    [InlineData(WeightsFormat.Safetensors)]
    [InlineData(WeightsFormat.PyTorch)]
    [InlineData(WeightsFormat.TorchSharp)]
    public void A_stream_gets_what_a_file_gets_and_stays_open(WeightsFormat format)
    {
        using var types = StoredFile.Load("types.pth");
        using var stream = new MemoryStream();
        WeightsFile.Save(stream, types.Tensors, format: format);
        stream.CanWrite.Should().BeTrue();
        File.WriteAllBytes(FilePath, stream.ToArray());
        using var file = WeightsFile.Load(FilePath);
        file.Format.Should().Be(format);
        file.Tensors.Keys.Should().Equal(types.Tensors.Keys);
        foreach (var (name, tensor) in types.Tensors) file.Tensors[name].Doubles().Should().Equal(tensor.Doubles());
    }

    // TorchSharp 0.106 saved the file, in the same order.
    [Fact]
    public void TorchSharps_own_bytes_come_out()
    {
        using var file = StoredFile.Load("torchsharp.dat");
        WeightsFile.Save(FilePath, file.Tensors, format: WeightsFormat.TorchSharp);
        File.ReadAllBytes(FilePath).Should().Equal(File.ReadAllBytes(StoredFile.Of("torchsharp.dat")));
    }

    [Fact]
    public void What_a_format_cannot_hold_is_refused_and_nothing_is_written()
    {
        using var number = tensor(1f);
        var tensors = new Dictionary<string, Tensor> { ["x"] = number };
        var texts = new Dictionary<string, string> { ["a"] = "b" };
        var withTexts = () => WeightsFile.Save(FilePath, tensors, texts, WeightsFormat.PyTorch);
        withTexts.Should().Throw<ArgumentException>().WithMessage("The format PyTorch has no place for texts beside the tensors*");
        var legacy = () => WeightsFile.Save(FilePath, tensors, format: WeightsFormat.PyTorchLegacy);
        legacy.Should().Throw<ArgumentException>().WithMessage("Files of the format PyTorchLegacy are not written*");
        using var complex = number.to(ScalarType.ComplexFloat32);
        var unsupported = () => WeightsFile.Save(FilePath, new Dictionary<string, Tensor> { ["z"] = complex });
        unsupported.Should().Throw<ArgumentException>().WithMessage("The tensor 'z' is of type ComplexFloat32*");
        foreach (string name in new[] { "", "a\nb", "__metadata__", new string('x', 5000) })
        {
            var save = () => WeightsFile.Save(FilePath, new Dictionary<string, Tensor> { [name] = number });
            save.Should().Throw<ArgumentException>().WithMessage("A tensor cannot be called '*");
        }
        var nothing = () => WeightsFile.Save(FilePath, new Dictionary<string, Tensor>(), format: WeightsFormat.PyTorch);
        nothing.Should().Throw<ArgumentException>().WithMessage("There are 0 tensors*");
        Directory.GetFiles(_folder.Path).Should().BeEmpty();
    }
}
