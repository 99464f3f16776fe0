using static TorchSharp.torch;

namespace ResNet.Core.Tests;

public class StageShapeTests
{
    private static readonly (int Batch, int Height, int Width)[] s_inputs = [(1, 224, 224), (3, 64, 64), (2, 97, 65), (4, 28, 28)];

    // He et al. 2015, table 1: the stem divides by four, every stage after the first by two, rounding up.
    [Theory]
    [InlineData("resnet18", 1)]
    [InlineData("resnet34", 1)]
    [InlineData("resnet50", 4)]
    [InlineData("resnet101", 4)]
    [InlineData("resnet152", 4)]
    public void The_stem_and_each_stage_have_the_papers_shapes(string name, int expansion)
    {
        using var network = ResNets.Create(name);
        network.eval();
        using var inference = inference_mode();
        foreach (var (batch, height, width) in s_inputs)
        {
            using var scope = NewDisposeScope();
            var outputs = network.ForwardStages(zeros([batch, 3, height, width]));
            outputs.Should().HaveCount(5);
            outputs[0].shape.Should().Equal(batch, 64, Part(height, 4), Part(width, 4));
            for (int stage = 1; stage <= 4; stage++)
            {
                int reduction = 2 << stage;
                outputs[stage].shape.Should().Equal(batch, expansion * (32 << stage), Part(height, reduction), Part(width, reduction));
            }
            network.call(zeros([batch, 3, height, width])).shape.Should().Equal(batch, 1000);
        }
    }

    [Theory]
    [InlineData(1, 1, 10)]
    [InlineData(4, 5, 2)]
    public void Any_number_of_input_channels_and_classes_works(int channels, int batch, int classes)
    {
        using var network = ResNets.Create("resnet18", classes, channels);
        network.eval();
        using var scope = NewDisposeScope();
        network.call(zeros([batch, channels, 32, 32])).shape.Should().Equal(batch, classes);
    }

    [Fact]
    public void The_stride_of_a_bottleneck_is_on_its_3x3_convolution_as_in_torchvision()
    {
        using var network = ResNets.ResNet50();
        var strides = network.named_modules()
            .Where(entry => entry.name.StartsWith("layer2.0.", StringComparison.Ordinal) && entry.module is TorchSharp.Modules.Conv2d)
            .ToDictionary(entry => entry.name, entry => ((TorchSharp.Modules.Conv2d)entry.module).stride[0]);
        strides.Should().BeEquivalentTo(new Dictionary<string, long>
        {
            ["layer2.0.conv1"] = 1,
            ["layer2.0.conv2"] = 2,
            ["layer2.0.conv3"] = 1,
            ["layer2.0.downsample.0"] = 2,
        });
    }

    [Theory]
    [InlineData(3, 32)]
    [InlineData(1, 32, 32)]
    public void An_input_of_another_shape_is_refused_with_both_shapes(params int[] shape)
    {
        using var network = ResNets.ResNet18(inputChannels: 3);
        using var scope = NewDisposeScope();
        var input = zeros([.. shape.Select(length => (long)length)]);
        var forward = () => network.call(input);
        forward.Should().Throw<ArgumentException>().Which.Message
            .Should().StartWith($"The input has the shape [{string.Join(", ", shape)}], but this network takes [N, 3, H, W].");
    }

    private static long Part(int length, int reduction)
    {
        // Halving and rounding up step by step is what strided layers do.
        for (; reduction > 1; reduction /= 2) length = (length + 1) / 2;
        return length;
    }
}
