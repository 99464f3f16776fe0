using ResNet.Core.Blocks;
using ResNet.Core.Inspection;
using ResNet.Testing;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Inspection;

public class ModelSummaryTests
{
    // Computed by hand for a network of two small blocks.
    [Fact]
    public void Each_layer_has_its_shapes_parameters_multiply_adds_and_bytes()
    {
        using var network = new ResNetBuilder().StageDepths(1, 1).StageWidths(8, 16).Classes(10).Build();
        var summary = ModelSummary.Of(network, height: 32, width: 64, batch: 2);
        summary.InputShape.Should().Equal(2, 3, 32, 64);
        summary.Layers.Select(layer => (layer.Name, layer.Type)).Should().Equal(
            ("conv1", "Conv2d"), ("bn1", "BatchNorm2d"), ("maxpool", "MaxPool2d"),
            ("layer1.0.conv1", "Conv2d"), ("layer1.0.bn1", "BatchNorm2d"), ("layer1.0.conv2", "Conv2d"), ("layer1.0.bn2", "BatchNorm2d"),
            ("layer2.0.conv1", "Conv2d"), ("layer2.0.bn1", "BatchNorm2d"), ("layer2.0.conv2", "Conv2d"), ("layer2.0.bn2", "BatchNorm2d"),
            ("layer2.0.downsample.0", "Conv2d"), ("layer2.0.downsample.1", "BatchNorm2d"),
            ("avgpool", "AdaptiveAvgPool2d"), ("fc", "Linear"));
        Layer("conv1").Should().BeEquivalentTo(new LayerSummary(
            "conv1", "Conv2d", [2, 3, 32, 64], [2, 8, 16, 32], 3 * 8 * 49, 2 * 8 * 16 * 32 * 3 * 49, 2 * 8 * 16 * 32 * 4));
        Layer("layer2.0.conv1").Should().BeEquivalentTo(new LayerSummary(
            "layer2.0.conv1", "Conv2d", [2, 8, 8, 16], [2, 16, 4, 8], 8 * 16 * 9, 2 * 16 * 4 * 8 * 8 * 9, 2 * 16 * 4 * 8 * 4));
        Layer("layer2.0.bn2").Should().BeEquivalentTo(new LayerSummary(
            "layer2.0.bn2", "BatchNorm2d", [2, 16, 4, 8], [2, 16, 4, 8], 32, 0, 2 * 16 * 4 * 8 * 4));
        Layer("fc").Should().BeEquivalentTo(new LayerSummary("fc", "Linear", [2, 16], [2, 10], 170, 2 * 160, 2 * 10 * 4));
        summary.Parameters.Should().Be(network.parameters().Sum(parameter => parameter.numel()));
        summary.ParameterBytes.Should().Be(4 * summary.Parameters);
        summary.MultiplyAdds.Should().Be(summary.Layers.Sum(layer => layer.MultiplyAdds));
        summary.Layers.Sum(layer => layer.Parameters).Should().Be(summary.Parameters);

        LayerSummary Layer(string name) => summary.Layers.Single(layer => layer.Name == name);
    }

    [Fact]
    public void Groups_divide_the_multiply_adds_and_the_type_the_bytes()
    {
        using var network = ResNetBuilder.From("resnext50_32x4d").StageDepths(1).StageWidths(64).DType(ScalarType.BFloat16).Build();
        var summary = ModelSummary.Of(network, 32, 32);
        var grouped = summary.Layers.Single(layer => layer.Name == "layer1.0.conv2");
        grouped.MultiplyAdds.Should().Be(128 * 8 * 8 * (128 / 32) * 9);
        grouped.ActivationBytes.Should().Be(128 * 8 * 8 * 2);
    }

    [Fact]
    public void What_takes_no_memory_is_no_layer_and_a_custom_norm_is_one()
    {
        using var network = ResNetBuilder.From("resnet50d").StageDepths(1).StageWidths(16)
            .Norm(Norm.From(channels => nn.Sequential(("inner", nn.BatchNorm2d(channels)), ("outer", nn.Conv2d(channels, channels, 1)))))
            .Build();
        var summary = ModelSummary.Of(network, 32, 32);
        summary.Layers.Select(layer => layer.Type).Should().NotContain(["ReLU", "Identity"]);
        summary.Layers.Select(layer => layer.Name).Should().Equal(
            "conv1.0", "conv1.1", "conv1.3", "conv1.4", "conv1.6", "bn1", "maxpool",
            "layer1.0.conv1", "layer1.0.bn1", "layer1.0.conv2", "layer1.0.bn2", "layer1.0.conv3", "layer1.0.bn3",
            "layer1.0.downsample.1", "layer1.0.downsample.2", "avgpool", "fc");
        summary.Layers.Sum(layer => layer.Parameters).Should().Be(summary.Parameters);
    }

    [Fact]
    public void The_network_stays_as_it_is()
    {
        using var network = new ResNetBuilder().StageDepths(1, 1).StageWidths(8, 16).Classes(10).Dropout(0.5).StochasticDepth(0.5).Build();
        network.Freeze(1);
        using var mean = network.state_dict()["bn1.running_mean"].clone();
        manual_seed(7);
        double next = rand(1).item<float>();
        manual_seed(7);
        long tensors = LiveTensors.Count();
        var first = ModelSummary.Of(network, 40, 40);
        Tensor.TotalCount.Should().Be(tensors);
        rand(1).item<float>().Should().Be((float)next, "no random numbers are drawn");
        network.training.Should().BeTrue();
        network.state_dict()["bn1.running_mean"].allclose(mean, rtol: 0, atol: 0).Should().BeTrue();
        first.TrainableParameters.Should().Be(
            first.Parameters
            - network.named_parameters().Where(entry => !entry.parameter.requires_grad).Sum(entry => entry.parameter.numel()));

        // The hooks are removed: another pass adds no rows.
        int layers = first.Layers.Count;
        network.call(zeros([2, 3, 40, 40])).Dispose();
        first.Layers.Should().HaveCount(layers);
    }

    [Fact]
    public void The_table_is_aligned_and_has_the_totals()
    {
        using var network = ResNets.ResNet18();
        string[] lines = ModelSummary.Of(network, 224, 224).ToString().Split('\n');
        lines.Should().HaveCount(1 + 1 + 43 + 1 + 1 + 1);
        lines[0].Should().MatchRegex("^Layer +Type +Input +Output +Parameters +Multiply-adds +Activations$");
        lines[2].Should().MatchRegex(@"^conv1 +Conv2d +\[1, 3, 224, 224\] +\[1, 64, 112, 112\] +9,408 +118,013,952 +3\.1 MiB$");
        lines[..^1].Select(line => line.Length).Distinct().Should().ContainSingle();
        lines[^2].Should().StartWith("Total").And.Contain("11,689,512").And.Contain("1,814,073,344");
        lines[^1].Should().Be("11,689,512 parameters (44.6 MiB); 1.814 G multiply-adds for an image");
    }

    [Theory]
    [InlineData(80)]
    [InlineData(50)]
    [InlineData(33)]
    public void In_a_narrow_terminal_columns_are_left_out_and_no_line_is_broken(int width)
    {
        using var network = ResNets.ResNet18();
        string[] lines = ModelSummary.Of(network, 224, 224).ToString(width).Split('\n');
        lines[..^1].Should().OnlyContain(line => line.Length <= width);
        lines[0].Should().StartWith("Layer").And.Contain("Parameters").And.NotContain("Input");
    }

    [Fact]
    public void Layers_read_as_text()
    {
        using var network = ResNets.ResNet18();
        ModelSummary.Of(network, 224, 224).Layers[0].ToString()
            .Should().Contain("InputShape = [1, 3, 224, 224], OutputShape = [1, 64, 112, 112], Parameters = 9408");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(33, 517)]
    public void Any_size_of_input_can_be_looked_at(int height, int width)
    {
        using var network = new ResNetBuilder().StageDepths(1, 1).Build();
        ModelSummary.Of(network, height, width).Layers[^1].OutputShape.Should().Equal(1, 1000);
    }

    [Fact]
    public void A_size_below_one_is_refused()
    {
        using var network = new ResNetBuilder().StageDepths(1).Build();
        var look = () => ModelSummary.Of(network, 0, 224);
        look.Should().Throw<ArgumentOutOfRangeException>();
    }
}
