using ResNet.Core.Blocks;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

public class ResNetOptionsTests
{
    [Fact]
    public void The_defaults_are_ResNet_18_for_ImageNet()
    {
        new ResNetOptions().Should().BeEquivalentTo(
            new { Block = BlockKind.Basic, StageDepths = new[] { 2, 2, 2, 2 }, Classes = 1000, InputChannels = 3 });
    }

    [Fact]
    public void A_bad_value_is_refused_with_the_property_the_value_and_what_is_accepted()
    {
        Refusal(() => new ResNetOptions { Classes = 0 }).Should().StartWith("ResNetOptions.Classes is 0, but has to be at least 1.");
        Refusal(() => new ResNetOptions { InputChannels = -3 }).Should().StartWith("ResNetOptions.InputChannels is -3, but has to be at least 1.");
        Refusal(() => new ResNetOptions { Block = (BlockKind)7 }).Should().StartWith("ResNetOptions.Block is 7, but has to be one of Basic, Bottleneck.");
        Refusal(() => new ResNetOptions { StageDepths = [3, 0, 2] })
            .Should().StartWith("ResNetOptions.StageDepths is [3, 0, 2], but has to be one to 8 stages of at least one block.");
        Refusal(() => new ResNetOptions { StageDepths = [] }).Should().StartWith("ResNetOptions.StageDepths is [], ");
        Refusal(() => ResNetBuilder.From("resnet18").Classes(-1)).Should().StartWith("ResNetOptions.Classes is -1, ");
    }

    [Fact]
    public void A_device_that_is_not_there_is_refused()
    {
        var device = new Device(TorchSharp.DeviceType.CUDA, cuda.is_available() ? cuda.device_count() : 0);
        Refusal(() => new ResNetOptions { Device = device }).Should().StartWith("ResNetOptions.Device is cuda:").And.Contain("but has to be cpu");
    }

    [Fact]
    public void Options_with_the_same_values_are_equal()
    {
        (ResNets.Options("resnet50") with { Classes = 10 }).Should().Be(new ResNetOptions { Block = BlockKind.Bottleneck, StageDepths = [3, 4, 6, 3], Classes = 10 });
        ResNets.Options("resnet50").Should().NotBe(ResNets.Options("resnet101"));
    }

    [Fact]
    public void The_builder_makes_what_it_was_told()
    {
        using var network = new ResNetBuilder().Block(BlockKind.Bottleneck).StageDepths(1, 1).Classes(5).InputChannels(2).Build();
        network.Options.Should().Be(new ResNetOptions { Block = BlockKind.Bottleneck, StageDepths = [1, 1], Classes = 5, InputChannels = 2 });
        network.named_children().Select(child => child.name).Should().Equal("conv1", "bn1", "maxpool", "layer1", "layer2", "avgpool", "fc");
    }

    private static string Refusal<T>(Func<T> make) => make.Should().Throw<ArgumentException>().Which.Message;
}
