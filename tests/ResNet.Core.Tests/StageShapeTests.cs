using ResNet.Core.Blocks;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

public class StageShapeTests
{
    private static readonly (int Batch, int Height, int Width)[] s_inputs = [(1, 224, 224), (3, 64, 64), (2, 97, 65), (4, 28, 28)];

    // He et al. 2015, table 1: the stem divides by four, every stage after the first by two, rounding up.
    [Theory]
    [InlineData("resnet18", 1)]
    [InlineData("resnet50", 4)]
    public void Stages_divide_images_of_any_size_rounding_up(string name, int expansion)
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
    [InlineData("resnet18", 8, 8)]
    [InlineData("resnet18", 16, 16)]
    [InlineData("resnet18", 32, 32)]
    [InlineData("resnet50", 8, 8)]
    [InlineData("resnet50", 16, 16)]
    [InlineData("resnet50_v1", 8, 8)]
    [InlineData("resnet18d", 8, 8)]
    [InlineData("preact_resnet18", 16, 16)]
    // CIFAR's networks reduce by four in any case.
    [InlineData("resnet20", 8, 4)]
    public void Dilation_keeps_the_maps_at_the_output_stride_with_the_same_weights(string name, int outputStride, int reduction)
    {
        using var strided = ResNets.Create(name);
        using var dilated = ResNets.Create(name, options => options with { OutputStride = outputStride });
        dilated.eval();
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        dilated.ForwardFeatures(zeros([1, 3, 96, 160])).Map.shape[2..].Should().Equal(96 / reduction, 160 / reduction);
        dilated.state_dict().Select(entry => (entry.Key, string.Join(',', entry.Value.shape)))
            .Should().Equal(strided.state_dict().Select(entry => (entry.Key, string.Join(',', entry.Value.shape))));
    }

    [Theory]
    [InlineData(3, 32)]
    [InlineData(1, 32, 32)]
    [InlineData(1, 3, 0, 32)]
    public void An_input_of_another_shape_is_refused_with_both_shapes(params int[] shape)
    {
        using var network = ResNets.ResNet18(inputChannels: 3);
        using var scope = NewDisposeScope();
        var input = zeros([.. shape.Select(length => (long)length)]);
        var forward = () => network.call(input);
        forward.Should().Throw<ArgumentException>().Which.Message
            .Should().StartWith($"The input has the shape [{string.Join(", ", shape)}], but this network takes [N, 3, H, W].");
    }

    [Theory]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Float64)]
    public void An_input_of_another_type_is_refused_with_what_to_do(ScalarType type)
    {
        using var network = new ResNetBuilder().StageDepths(1).Build();
        using var input = zeros([1, 3, 32, 32], type);
        var forward = () => network.call(input);
        forward.Should().Throw<ArgumentException>().Which.Message
            .Should().StartWith($"The input is {type}, but this network takes Float32: convert it with .to(ScalarType.Float32).");
    }

    [Theory]
    [InlineData("resnet50d", 16)]
    [InlineData("resnet20", null)]
    public void A_network_says_what_its_stages_give(string name, int? outputStride)
    {
        using var network = ResNets.Create(name, options => options with { OutputStride = outputStride });
        network.eval();
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var outputs = network.ForwardStages(zeros([1, 3, 64, 64]));
        network.StageShapes.Select(shape => (shape.Channels, 64 / shape.Reduction))
            .Should().Equal(outputs.Select(output => ((int)output.size(1), (int)output.size(2))));
        network.StageShapes.Select(shape => shape.Name).Should().StartWith(["stem", "layer1", "layer2"]);
    }

    // PyTorch refuses this too; libtorch alone would leave NaN in the running statistics.
    [Fact]
    public void A_single_pixel_of_a_single_image_is_refused_where_batch_norms_train()
    {
        using var network = ResNets.Create("resnet18", classes: 5);
        using var image = rand([1, 3, 32, 32]);
        var forward = () => network.call(image);
        forward.Should().Throw<InvalidOptionException>()
            .WithMessage("ResNetModel.images is 1, but has to be at least 2 for 32 × 32 pixels, of which this network leaves one: *");
        network.state_dict()["bn1.num_batches_tracked"].item<long>().Should().Be(0);
        using var larger = rand([1, 3, 33, 32]);
        network.call(larger).Dispose();
        network.state_dict()["layer4.1.bn2.running_var"].isfinite().all().item<bool>().Should().BeTrue();
        network.Freeze(4);
        network.call(image).Dispose();
        network.Unfreeze();
        foreach (var norm in network.modules().OfType<TorchSharp.Modules.BatchNorm2d>()) norm.eval();
        network.call(image).Dispose();
        network.eval();
        network.call(image).Dispose();
    }

    [Theory]
    [InlineData("resnet18", null, 32)]
    [InlineData("resnet18", 8, 8)]
    [InlineData("resnet20", null, 4)]
    [InlineData("resnet20", 8, 4)]
    public void A_network_says_how_much_it_reduces(string name, int? outputStride, int reduction)
    {
        using var network = ResNets.Create(name, options => options with { OutputStride = outputStride });
        network.Reduction.Should().Be(reduction);
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void A_network_computes_in_the_type_it_was_asked_for(ScalarType type)
    {
        using var network = ResNets.Create("resnet20", options => options with { DType = type });
        using var scope = NewDisposeScope();
        network.DType.Should().Be(type);
        network.state_dict().Values.Select(value => value.dtype).Distinct().Should().BeEquivalentTo([type, ScalarType.Int64]);
        network.call(randn([2, 3, 32, 32], type)).dtype.Should().Be(type);
    }

    [Fact]
    public void With_group_norms_an_image_does_not_depend_on_the_others_of_its_batch()
    {
        manual_seed(1);
        using var network = ResNets.Create("resnet20", options => options with { Norm = Norm.Group(8) });
        using var scope = NewDisposeScope();
        var images = randn([4, 3, 32, 32]);
        network.call(images)[0].allclose(network.call(images.narrow(0, 0, 1))[0], atol: 1e-5).Should().BeTrue();
    }

    private static long Part(int length, int reduction)
    {
        // Strided layers halve the size and round up, step by step.
        for (; reduction > 1; reduction /= 2) length = (length + 1) / 2;
        return length;
    }
}
