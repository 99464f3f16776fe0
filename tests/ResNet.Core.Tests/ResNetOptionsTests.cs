using ResNet.Core.Blocks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

public class ResNetOptionsTests
{
    [Fact]
    public void The_defaults_are_ResNet_18_for_ImageNet()
    {
        new ResNetOptions().Should().BeEquivalentTo(new
        {
            Block = BlockKind.Basic,
            PreActivation = false,
            Stem = StemKind.Standard,
            StageDepths = new[] { 2, 2, 2, 2 },
            StageWidths = new[] { 64, 128, 256, 512 },
            Groups = 1,
            WidthPerGroup = 64,
            StridePlacement = StridePlacement.Conv3x3,
            Shortcut = ShortcutKind.Projection,
            OutputStride = (int?)null,
            Norm = Norm.Batch,
            Dropout = 0.0,
            StochasticDepth = 0.0,
            ZeroInitLastNorm = false,
            Classes = 1000,
            InputChannels = 3,
            DType = ScalarType.Float32,
        });
    }

    [Fact]
    public void A_bad_value_is_refused_with_the_property_the_value_and_what_is_accepted()
    {
        Refusal(() => new ResNetOptions { Classes = 0 }).Should().StartWith("ResNetOptions.Classes is 0, but has to be at least 1.");
        Refusal(() => new ResNetOptions { InputChannels = -3 })
            .Should().StartWith("ResNetOptions.InputChannels is -3, but has to be between 1 and 1048576.");
        Refusal(() => new ResNetOptions { Block = (BlockKind)7 })
            .Should().StartWith("ResNetOptions.Block is 7, but has to be one of Basic, Bottleneck.");
        Refusal(() => new ResNetOptions { Stem = (StemKind)9 })
            .Should().StartWith("ResNetOptions.Stem is 9, but has to be one of Standard, Cifar, Deep.");
        Refusal(() => new ResNetOptions { Shortcut = (ShortcutKind)9 })
            .Should().StartWith("ResNetOptions.Shortcut is 9, but has to be one of None, ZeroPadding, ");
        Refusal(() => new ResNetOptions { StridePlacement = (StridePlacement)9 })
            .Should().StartWith("ResNetOptions.StridePlacement is 9, ");
        Refusal(() => new ResNetOptions { StageDepths = [3, 0, 2] })
            .Should().StartWith("ResNetOptions.StageDepths is [3, 0, 2], but has to be one to 8 stages of 1 to 10000 blocks.");
        Refusal(() => new ResNetOptions { StageDepths = [] }).Should().StartWith("ResNetOptions.StageDepths is [], ");
        Refusal(() => new ResNetOptions { StageDepths = null! }).Should().StartWith("ResNetOptions.StageDepths is null, ");
        Refusal(() => new ResNetOptions { StageWidths = [64, 0] })
            .Should().StartWith("ResNetOptions.StageWidths is [64, 0], but has to be 1 to 1048576 for every stage.");
        Refusal(() => new ResNetOptions { Groups = 0 }).Should().StartWith("ResNetOptions.Groups is 0, but has to be at least 1.");
        Refusal(() => new ResNetOptions { WidthPerGroup = 0 })
            .Should().StartWith("ResNetOptions.WidthPerGroup is 0, but has to be at least 1.");
        Refusal(() => new ResNetOptions { OutputStride = 4 })
            .Should().StartWith("ResNetOptions.OutputStride is 4, but has to be 8, 16, 32 or null.");
        Refusal(() => new ResNetOptions { Norm = null! }).Should().StartWith("ResNetOptions.Norm is null, but has to be Norm.Batch, ");
        Refusal(() => new ResNetOptions { Dropout = 1 })
            .Should().StartWith("ResNetOptions.Dropout is 1, but has to be at least 0 and less than 1.");
        Refusal(() => new ResNetOptions { Dropout = double.NaN }).Should().StartWith("ResNetOptions.Dropout is NaN, ");
        Refusal(() => new ResNetOptions { StochasticDepth = -0.5 }).Should().StartWith("ResNetOptions.StochasticDepth is -0.5, ");
        Refusal(() => new ResNetOptions { DType = ScalarType.Int64 })
            .Should().StartWith("ResNetOptions.DType is Int64, but has to be Float32, Float64, BFloat16 or Float16.");
        Refusal(() => Norm.Group(0)).Should().StartWith("Norm.Group is 0, but has to be at least 1.");
        Refusal(() => ResNetBuilder.From("resnet18").Classes(-1)).Should().StartWith("ResNetOptions.Classes is -1, ");
    }

    [Fact]
    public void Values_that_do_not_fit_together_are_refused_before_anything_is_built()
    {
        Unbuildable(new() { StageDepths = [2, 2], StageWidths = [64] })
            .Should().StartWith("ResNetOptions.StageWidths is [64], but has to be 2 numbers, one for each stage of StageDepths.");
        Unbuildable(new() { StageWidths = [7, 14, 28, 56], Stem = StemKind.Deep })
            .Should().StartWith("ResNetOptions.StageWidths is [7, 14, 28, 56], but has to be even at first where the stem is Deep");
        Unbuildable(new() { Groups = 32 }).Should().StartWith("ResNetOptions.Groups is 32, but has to be 1 for basic blocks.");
        Unbuildable(new() { WidthPerGroup = 128 })
            .Should().StartWith("ResNetOptions.WidthPerGroup is 128, but has to be 64 for basic blocks.");
        Unbuildable(new() { StridePlacement = StridePlacement.Conv1x1 })
            .Should().StartWith("ResNetOptions.StridePlacement is Conv1x1, but has to be Conv3x3 for basic blocks");
        Unbuildable(new() { Block = BlockKind.Bottleneck, StageWidths = [16, 32, 64, 128], WidthPerGroup = 2 })
            .Should().StartWith("ResNetOptions.WidthPerGroup is 2, but has to be at least 4 for a width of 16.");
        Unbuildable(new() { Block = BlockKind.Bottleneck, Groups = 32, WidthPerGroup = (1 << 26) + 4 })
            .Should().StartWith(
                "ResNetOptions.WidthPerGroup is 67108868, but has to be so small that a width of 512 gives no more than 1048576 channels.");
        Unbuildable(new() { Block = BlockKind.Bottleneck, Groups = int.MaxValue })
            .Should().StartWith(
                "ResNetOptions.Groups is 2147483647, but has to be so small that "
                + "a width of 512 and 64 per group give no more than 1048576 channels.");
        Unbuildable(new() { Shortcut = ShortcutKind.None, StochasticDepth = 0.1 })
            .Should().StartWith("ResNetOptions.StochasticDepth is 0.1, but has to be 0 without shortcuts");
        Unbuildable(new() { Shortcut = ShortcutKind.ZeroPadding, StageWidths = [64, 32, 64, 64] })
            .Should().Contain("no smaller from stage to stage where the shortcut is ZeroPadding");
        Unbuildable(new() { Shortcut = ShortcutKind.None, ZeroInitLastNorm = true })
            .Should().StartWith("ResNetOptions.ZeroInitLastNorm is true, but has to be false without shortcuts");
        Unbuildable(new() { PreActivation = true, ZeroInitLastNorm = true }).Should().Contain("false with pre-activation");
        Unbuildable(new() { Norm = Norm.FrozenBatch, ZeroInitLastNorm = true })
            .Should().Contain("false where the norm is FrozenBatch, which is not trained");
        Unbuildable(new() { Norm = Norm.From(_ => nn.Identity()), ZeroInitLastNorm = true })
            .Should().Contain("false where the norm is a custom norm and has no parameter named weight");
        Unbuildable(ResNets.Options("resnet20") with { Norm = Norm.Group(32) })
            .Should().StartWith(
                "ResNetOptions.Norm is Group(32), but has to be a norm for 16 channels: choose a number of groups that divides 16.");
        Unbuildable(new() { DType = ScalarType.Float16 })
            .Should().StartWith("ResNetOptions.DType is Float16, but has to be Float32, Float64 or BFloat16 on the CPU.");
    }

    [Fact]
    public void A_device_that_is_not_there_is_refused()
    {
        var device = new Device(DeviceType.CUDA, cuda.is_available() ? cuda.device_count() : 0);
        Refusal(() => new ResNetOptions { Device = device })
            .Should().StartWith("ResNetOptions.Device is cuda:").And.Contain("but has to be cpu");
        Refusal(() => new ResNetBuilder().On(null!)).Should().StartWith("ResNetOptions.Device is null, but has to be cpu");
    }

    [Fact]
    public void Options_with_the_same_values_are_equal()
    {
        (ResNets.Options("resnet50") with { Classes = 10 })
            .Should().Be(new ResNetOptions { Block = BlockKind.Bottleneck, StageDepths = [3, 4, 6, 3], Classes = 10 });
        (ResNets.Options("resnet50") with { Classes = 10 }).GetHashCode()
            .Should().Be((ResNets.Options("resnet50") with { Classes = 10 }).GetHashCode());
        ResNets.Options("resnet50").Should().NotBe(ResNets.Options("resnet101"));
        (new ResNetOptions() with { StageWidths = [64, 128, 256, 512] }).Should().Be(new ResNetOptions());
        (new ResNetOptions() with { Norm = Norm.Group(8) }).Should().Be(new ResNetOptions() with { Norm = Norm.Group(8) });
        ResNetOptions[] others =
        [
            new() { Stem = StemKind.Deep }, new() { StageWidths = [32, 64, 128, 256] },
            new() { Shortcut = ShortcutKind.None }, new() { OutputStride = 8 },
            new() { Norm = Norm.Group(8) }, new() { Dropout = 0.5 }, new() { StochasticDepth = 0.5 }, new() { ZeroInitLastNorm = true },
            new() { PreActivation = true }, new() { DType = ScalarType.Float64 }, new() { WidthPerGroup = 4 }, new() { Groups = 2 },
            new() { StridePlacement = StridePlacement.Conv1x1 },
        ];
        others.Should().NotContain(new ResNetOptions()).And.OnlyHaveUniqueItems();
        // New options must be added above; other tests change five further options.
        typeof(ResNetOptions).GetProperties().Should().HaveCount(others.Length + 5);
    }

    [Fact]
    public void Options_read_as_text()
    {
        ResNets.Options("resnext50_32x4d").ToString()
            .Should().Contain("StageDepths = [3, 4, 6, 3]").And.Contain("StageWidths = [64, 128, 256, 512]")
            .And.Contain("Norm = Batch").And.Contain("Groups = 32");
    }

    [Fact]
    public void The_builder_makes_what_it_was_told()
    {
        using var network = new ResNetBuilder()
            .Block(BlockKind.Bottleneck).Stem(StemKind.Deep).StageDepths(1, 1).StageWidths(32, 48).Groups(4, 32)
            .StridePlacement(StridePlacement.Conv1x1).Shortcut(ShortcutKind.ProjectionEverywhere).OutputStride(8)
            .Norm(Norm.Group(4)).Dropout(0.1).StochasticDepth(0.2).ZeroInitLastNorm()
            .Classes(5).InputChannels(2).On(CPU).DType(ScalarType.Float64).Build();
        network.Options.Should().Be(new ResNetOptions
        {
            Block = BlockKind.Bottleneck,
            Stem = StemKind.Deep,
            StageDepths = [1, 1],
            StageWidths = [32, 48],
            Groups = 4,
            WidthPerGroup = 32,
            StridePlacement = StridePlacement.Conv1x1,
            Shortcut = ShortcutKind.ProjectionEverywhere,
            OutputStride = 8,
            Norm = Norm.Group(4),
            Dropout = 0.1,
            StochasticDepth = 0.2,
            ZeroInitLastNorm = true,
            Classes = 5,
            InputChannels = 2,
            DType = ScalarType.Float64,
        });
        network.named_children().Select(child => child.name).Should().Equal("conv1", "bn1", "maxpool", "layer1", "layer2", "avgpool", "fc");
        using var preActivation = ResNetBuilder.From("resnet20").PreActivation().Build();
        preActivation.Options.Should().Be(ResNets.Options("resnet20") with { PreActivation = true });
    }

    private static string Refusal<T>(Func<T> make) => make.Should().Throw<ArgumentException>().Which.Message;

    private static string Unbuildable(ResNetOptions options) => Refusal(() => new ResNetModel(options));
}
