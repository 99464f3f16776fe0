using ResNet.Core.Blocks;
using ResNet.Core.Layers;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Tests.Blocks;

public class BlockTests
{
    public static TheoryData<string> Kinds => ["basic", "bottleneck", "pre-act basic", "pre-act bottleneck"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_block_keeps_its_input_as_it_was(string kind)
    {
        using var block = Create(kind, new BlockOptions(8, 4) { Stride = 2 });
        using var scope = NewDisposeScope();
        var input = randn([2, 8, 5, 5]);
        var before = input.clone();
        block.call(input).shape.Should().Equal(2, kind.EndsWith("basic", StringComparison.Ordinal) ? 4 : 16, 3, 3);
        input.allclose(before, rtol: 0, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void Option_A_takes_every_second_pixel_and_puts_zeros_before_and_after_the_channels()
    {
        using var block = new BasicBlock(new BlockOptions(4, 9) { Stride = 2, Shortcut = ShortcutKind.ZeroPadding });
        using var plain = new BasicBlock(new BlockOptions(4, 9) { Stride = 2, Shortcut = ShortcutKind.None });
        block.state_dict().Keys.Should().Equal(plain.state_dict().Keys, "option A has no parameters");
        Silence(block);
        using var scope = NewDisposeScope();
        var input = rand([2, 4, 5, 7]);
        var output = block.call(input);
        output.shape.Should().Equal(2, 9, 3, 4);
        // Five channels of zeros: two before, three after.
        var sampled = input[TensorIndex.Ellipsis, TensorIndex.Slice(step: 2), TensorIndex.Slice(step: 2)];
        output.narrow(1, 2, 4).allclose(sampled, rtol: 0, atol: 0).Should().BeTrue();
        output.narrow(1, 0, 2).abs().sum().ToDouble().Should().Be(0);
        output.narrow(1, 6, 3).abs().sum().ToDouble().Should().Be(0);
    }

    // The norm returns its input itself, and the in-place ReLU must not change the input that the shortcut adds.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_norm_that_passes_its_input_through_leaves_the_blocks_input_alone(string kind)
    {
        using var block = Create(
            kind, new BlockOptions(8, kind.EndsWith("basic", StringComparison.Ordinal) ? 8 : 2) { Norm = Norm.From(_ => Identity()) });
        using var scope = NewDisposeScope();
        var input = randn([2, 8, 5, 5]).requires_grad_();
        var before = input.detach().clone();
        block.call(input.alias()).sum().backward();
        input.detach().allclose(before, rtol: 0, atol: 0).Should().BeTrue();
    }

    [Theory]
    [InlineData(ShortcutKind.None, false, false)]
    [InlineData(ShortcutKind.ZeroPadding, false, false)]
    [InlineData(ShortcutKind.Projection, true, false)]
    [InlineData(ShortcutKind.ProjectionEverywhere, true, true)]
    [InlineData(ShortcutKind.AveragePooledProjection, true, false)]
    public void Projections_are_where_the_papers_option_has_them(ShortcutKind kind, bool whereTheShapeChanges, bool elsewhere)
    {
        using var network = new ResNetBuilder().StageDepths(2, 2).StageWidths(8, 16).Shortcut(kind).Build();
        Projects("layer1.0").Should().Be(elsewhere);
        Projects("layer1.1").Should().Be(elsewhere);
        Projects("layer2.0").Should().Be(whereTheShapeChanges);
        Projects("layer2.1").Should().Be(elsewhere);

        bool Projects(string block) =>
            network.state_dict().Keys.Any(name => name.StartsWith($"{block}.downsample.", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_shortcut_a_block_whose_convolutions_are_zero_gives_zero()
    {
        using var block = new BasicBlock(new BlockOptions(4, 4) { Shortcut = ShortcutKind.None });
        Silence(block);
        using var scope = NewDisposeScope();
        block.call(rand([1, 4, 3, 3])).abs().sum().ToDouble().Should().Be(0);
    }

    // 4,096 copies of an image, each with its own random decision. With frozen norms and an input so large that the last ReLU changes
    // nothing, the expectation is exactly the block's output in evaluation mode.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Stochastic_depth_is_the_full_block_in_expectation(string kind)
    {
        manual_seed(4);
        int width = kind.EndsWith("basic", StringComparison.Ordinal) ? 8 : 2;
        using var block = Create(kind, new BlockOptions(8, width) { StochasticDepth = 0.3, Norm = Norm.FrozenBatch });
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var image = rand([1, 8, 4, 4]) + 50;
        block.eval();
        var full = block.call(image);
        block.train();
        var drawn = block.call(image.expand(4096, -1, -1, -1));

        var branch = drawn - image;
        var dropped = branch.abs().sum([1, 2, 3]).eq(0);
        dropped.sum().ToDouble().Should().BeApproximately(0.3 * 4096, 5 * Math.Sqrt(0.3 * 0.7 * 4096));
        // The standard error of the mean of mask / 0.7 is √(0.3 / 0.7 / 4096), about 1 %.
        var expected = full - image;
        var error = (branch.mean([0], keepdim: true) - expected).abs().max().ToDouble() / expected.abs().max().ToDouble();
        error.Should().BeLessThan(0.05);
        expected.abs().max().ToDouble().Should().BeGreaterThan(0.1, "a branch without effect would prove nothing");
    }

    // Norms that add 20 keep the input of every ReLU positive, so the network is affine and the expectation of its output exact.
    [Fact]
    public void Stochastic_depth_is_the_full_network_in_expectation()
    {
        manual_seed(5);
        using var network = new ResNetBuilder()
            .StageDepths(2, 2).StageWidths(4, 8).StochasticDepth(0.4).Norm(Norm.FrozenBatch).Classes(6).Build();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, value) in network.state_dict())
        {
            if (name.EndsWith(".bias", StringComparison.Ordinal) && name != "fc.bias") value.fill_(20);
            else if (value.ndim == 4) value.mul_(0.05);
        }
        var image = rand([1, 3, 32, 32]);
        network.eval();
        var full = network.call(image);
        network.train();
        var drawn = network.call(image.expand(8192, -1, -1, -1));
        var (mean, error) = (drawn.mean([0], keepdim: true), drawn.std([0], keepdim: true) / Math.Sqrt(8192));
        ((mean - full).abs() / error).max().ToDouble().Should().BeLessThan(5);
        // Without the division by the probability, the mean would deviate by far more than this.
        (error / full.abs()).max().ToDouble().Should().BeLessThan(0.02);
        drawn.std().ToDouble().Should().BeGreaterThan(0);
    }

    [Fact]
    public void Stochastic_depth_grows_linearly_over_the_blocks()
    {
        using var network = new ResNetBuilder().StageDepths(1, 2, 1).StochasticDepth(0.2).Build();
        var blocks = network.children().SelectMany(stage => stage.children()).OfType<ResidualBlock>();
        blocks.Select(block => block.Options.StochasticDepth).Should().Equal([0.05, 0.1, 0.15, 0.2], (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Bad_block_options_are_refused()
    {
        Refusal(() => new BlockOptions(0, 8)).Should().StartWith("BlockOptions.Input is 0, but has to be at least 1.");
        Refusal(() => new BlockOptions(8, 8) { Stride = 0 }).Should().StartWith("BlockOptions.Stride is 0, ");
        Refusal(() => new BlockOptions(8, 8) { StochasticDepth = 1 })
            .Should().StartWith("BlockOptions.StochasticDepth is 1, but has to be at least 0 and less than 1.");
        Refusal(() => new BlockOptions(8, int.MaxValue))
            .Should().StartWith("BlockOptions.Width is 2147483647, but has to be between 1 and 1048576.");
        Refusal(() => new BlockOptions(8, 8) { Norm = null! }).Should().StartWith("BlockOptions.Norm is null, ");
        Refusal(() => new BasicBlock(new BlockOptions(64, 64) { Groups = 32 }))
            .Should().StartWith("BlockOptions.Groups is 32, but has to be 1 for basic blocks.");
        Refusal(() => new PreActBasicBlock(new BlockOptions(64, 64) { StridePlacement = StridePlacement.Conv1x1 }))
            .Should().StartWith("BlockOptions.StridePlacement is Conv1x1, ");
        Refusal(() => new Bottleneck(new BlockOptions(64, 8) { WidthPerGroup = 4 }))
            .Should().StartWith("BlockOptions.WidthPerGroup is 4, but has to be at least 8 for a width of 8.");
        Refusal(() => new PreActBottleneck(new BlockOptions(64, 8) { Shortcut = ShortcutKind.None, StochasticDepth = 0.5 }))
            .Should().StartWith("BlockOptions.StochasticDepth is 0.5, but has to be 0 without a shortcut");
        Refusal(() => new BasicBlock(new BlockOptions(64, 30) { Norm = Norm.Group(32) }))
            .Should().StartWith("BlockOptions.Norm is Group(32), but has to be a norm for 30 channels");
        Refusal(() => new BasicBlock(null!)).Should().Contain("options");
        Refusal(() => new BasicBlock(new BlockOptions(8, 4) { Shortcut = ShortcutKind.ZeroPadding }))
            .Should().Contain("to go from 8 channels to 4, since padding only adds channels");
    }

    // In training, a convolution with an output of one pixel is computed as a linear layer.
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(2, 1, 1, 1)]
    [InlineData(2, 2, 2, 1)]
    [InlineData(2, 1, 2, 1)]
    [InlineData(2, 2, 1, 1)]
    [InlineData(1, 1, 1, 2)]
    [InlineData(1, 2, 2, 1)]
    [InlineData(2, 3, 2, 1)]
    public void A_convolution_of_a_few_pixels_has_the_gradients_of_any_other(int stride, int height, int width, int groups)
    {
        using var convolution = Convolutions.Conv3x3(6, 8, stride, groups: groups, bias: true);
        convolution.@double();
        using var scope = NewDisposeScope();
        var input = randn([3, 6, height, width], ScalarType.Float64);
        var results = new[] { (Tensor x) => Convolutions.Convolve(convolution, x), convolution.call }.Select(Gradients).ToList();
        foreach (var (ours, expected) in results[0].Zip(results[1]))
        {
            ours.shape.Should().Equal(expected.shape);
            ours.allclose(expected, rtol: 1e-12, atol: 1e-13).Should().BeTrue();
        }

        Tensor[] Gradients(Func<Tensor, Tensor> compute)
        {
            convolution.zero_grad();
            var x = input.clone().requires_grad_();
            var output = compute(x);
            output.square().sum().backward();
            return [output, x.grad!, convolution.weight.grad!.clone(), convolution.bias!.grad!.clone()];
        }
    }

    [Fact]
    public void A_convolution_of_one_pixel_calls_hooks_where_nothing_is_trained()
    {
        using var block = new BasicBlock(new BlockOptions(4, 4));
        using var scope = NewDisposeScope();
        int calls = 0;
        foreach (var (_, module) in block.named_modules())
            if (module is TorchSharp.Modules.Conv2d convolution)
                convolution.register_forward_hook((_, _, output) => { calls++; return output; });
        block.eval();
        block.call(randn([2, 4, 1, 1]));
        calls.Should().Be(2);
    }

    private static ResidualBlock Create(string kind, BlockOptions options) => kind switch
    {
        "basic" => new BasicBlock(options),
        "bottleneck" => new Bottleneck(options),
        "pre-act basic" => new PreActBasicBlock(options),
        _ => new PreActBottleneck(options),
    };

    private static void Silence(nn.Module block)
    {
        using var _ = no_grad();
        foreach (var (name, parameter) in block.named_parameters())
        {
            if (name.StartsWith("conv", StringComparison.Ordinal)) init.zeros_(parameter);
        }
        block.eval();
    }

    private static string Refusal<T>(Func<T> make) => make.Should().Throw<ArgumentException>().Which.Message;
}
