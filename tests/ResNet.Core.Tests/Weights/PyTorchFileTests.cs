using ResNet.Core.Weights;
using ResNet.Testing;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Weights;

/// <summary>Files that PyTorch wrote, with every layout and byte order. Expected values are PyTorch's own.</summary>
public class PyTorchFileTests
{
    private static readonly string[] s_tinyNames =
    [
        "conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean",
        "bn.running_var", "bn.num_batches_tracked", "fc.weight", "fc.bias",
    ];

    [Theory]
    [InlineData("tiny.pth", WeightsFormat.PyTorch)]
    [InlineData("tiny-protocol4.pth", WeightsFormat.PyTorch)]
    [InlineData("tiny-protocol0.pth", WeightsFormat.PyTorch)]
    [InlineData("tiny-protocol1.pth", WeightsFormat.PyTorch)]
    [InlineData("tiny-compressed.pth", WeightsFormat.PyTorch)]
    [InlineData("tiny-folder.pth", WeightsFormat.PyTorch)]
    [InlineData("tiny-cuda.pth", WeightsFormat.PyTorch)]
    [InlineData("tiny-legacy.pth", WeightsFormat.PyTorchLegacy)]
    [InlineData("tiny-legacy-protocol4.pth", WeightsFormat.PyTorchLegacy)]
    [InlineData("tiny-legacy-protocol0.pth", WeightsFormat.PyTorchLegacy)]
    [InlineData("tiny-legacy-protocol1.pth", WeightsFormat.PyTorchLegacy)]
    [InlineData("tiny-legacy-cuda.pth", WeightsFormat.PyTorchLegacy)]
    public void A_state_dict_is_read_whatever_wrote_it(string name, WeightsFormat format)
    {
        using var file = StoredFile.Load(name);
        file.Format.Should().Be(format);
        file.Tensors.Keys.Should().Equal(s_tinyNames);
        file.Tensors["conv.weight"].shape.Should().Equal(3, 2, 3, 3);
        file.Tensors["conv.weight"].Doubles().Sum().Should().BeApproximately(0.9133702060207725, 1e-12);
        file.Tensors["conv.bias"].Doubles().Sum().Should().BeApproximately(-0.2894539115950465, 1e-12);
        file.Tensors["bn.running_var"].Doubles().Should().Equal(1, 1, 1);
        file.Tensors["bn.num_batches_tracked"].dtype.Should().Be(ScalarType.Int64);
        file.Tensors["bn.num_batches_tracked"].shape.Should().BeEmpty();
        file.Tensors["fc.weight"].Doubles().Sum().Should().BeApproximately(0.6900393005926162, 1e-12);
        file.Tensors["fc.bias"].Doubles().Sum().Should().BeApproximately(-0.6482851356267929, 1e-12);
    }

    [Theory]
    [InlineData("types.pth")]
    [InlineData("types-legacy.pth")]
    [InlineData("types-big-endian.pth")]
    public void Every_type_is_read(string name)
    {
        using var file = StoredFile.Load(name);
        var types = new Dictionary<string, ScalarType>
        {
            ["float64"] = ScalarType.Float64, ["float32"] = ScalarType.Float32,
            ["float16"] = ScalarType.Float16, ["bfloat16"] = ScalarType.BFloat16,
            ["int64"] = ScalarType.Int64, ["int32"] = ScalarType.Int32,
            ["int16"] = ScalarType.Int16, ["int8"] = ScalarType.Int8, ["uint8"] = ScalarType.Byte,
        };
        foreach (var (key, type) in types)
        {
            file.Tensors[key].dtype.Should().Be(type);
            file.Tensors[key].Doubles().Should().Equal(1, 2, 3, 100);
        }
        file.Tensors["bool"].data<bool>().ToArray().Should().Equal(true, false, true, true);
        file.Tensors["scalar"].shape.Should().BeEmpty();
        file.Tensors["scalar"].item<float>().Should().Be(2.5f);
        file.Tensors["empty"].shape.Should().Equal(0, 3);
        file.Tensors.Should().HaveCount(types.Count + 3);
    }

    [Theory]
    [InlineData("views.pth")]
    [InlineData("views-legacy.pth")]
    public void Views_have_their_strides_and_share_their_storage(string name)
    {
        using var file = StoredFile.Load(name);
        var t = file.Tensors;
        t["base"].Doubles().Should().Equal(Enumerable.Range(0, 24).Select(i => (double)i));
        t["transposed"].shape.Should().Equal(6, 4);
        t["transposed"].stride().Should().Equal(1, 6);
        t["transposed"].Doubles()[..5].Should().Equal(0, 6, 12, 18, 1);
        t["column"].Doubles().Should().Equal(2, 8, 14, 20);
        t["block"].Doubles().Should().Equal(8, 9, 10, 14, 15, 16);
        t["every_other"].Doubles().Should().Equal(0, 3, 12, 15);
        t["expanded"].Doubles().Should().Equal(1, 1, 1, 1, 1);
        using (no_grad()) t["again"].fill_(-1);
        t["block"].Doubles().Should().OnlyContain(value => value == -1);
    }

    [Fact]
    public void Tensors_of_nested_containers_have_their_containers_names_before_theirs()
    {
        using var file = StoredFile.Load("wrapped.pth");
        file.Tensors.Keys.Should().Contain(s_tinyNames.Select(name => $"state_dict.module.{name}"));
        file.Tensors.Keys.Should().Contain("optimizer.state.0.momentum_buffer");
        using var parameters = StoredFile.Load("parameters.pth");
        parameters.Tensors["parameters.0"].Doubles().Should().Equal(1, 1);
        parameters.Tensors["parameters.1"].Doubles().Should().Equal(0);
    }

    [Fact]
    public void What_Python_2_and_the_first_PyTorch_wrote_is_read()
    {
        using var file = StoredFile.Load("python2.pth");
        file.Tensors["weight"].shape.Should().Equal(2, 3);
        file.Tensors["weight"].Doubles().Should().Equal(1, 2, 3, 4, 5, 6);
        // The same storage from its third element on.
        file.Tensors["part"].Doubles().Should().Equal(3, 4, 5);
    }

    // TorchSharp 0.106 printed the sums when it saved the file with module.save.
    [Fact]
    public void What_TorchSharp_saved_is_read()
    {
        using var file = StoredFile.Load("torchsharp.dat");
        file.Format.Should().Be(WeightsFormat.TorchSharp);
        file.Tensors.Select(entry => (entry.Key, entry.Value.Doubles().Sum())).Should().Equal(
            ("conv.weight", 1431), ("conv.bias", 303), ("bn.weight", 603), ("bn.bias", 903), ("fc.weight", 2415), ("fc.bias", 1001),
            ("bn.running_mean", 1803), ("bn.running_var", 2103), ("bn.num_batches_tracked", 800));
        file.Tensors["conv.weight"].shape.Should().Equal(3, 2, 3, 3);
        file.Tensors["bn.num_batches_tracked"].dtype.Should().Be(ScalarType.Int64);
    }

    [Fact]
    public void Reading_leaves_no_tensors_behind()
    {
        long before = LiveTensors.Count();
        using (StoredFile.Load("views.pth"))
        {
        }
        LiveTensors.Count().Should().Be(before);
    }
}
