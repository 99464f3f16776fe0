using ResNet.Core.Blocks;
using ResNet.Core.Inspection;
using ResNet.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Folding;

public class FusionTests
{
    [Theory]
    [InlineData("resnet18", 0)]
    [InlineData("resnet50", 0)]
    [InlineData("resnext50_32x4d", 0)]
    [InlineData("resnet50_v1", 0)]
    [InlineData("resnet18d", 0)]
    [InlineData("resnet110", 0)]
    [InlineData("plain34", 0)]
    // The first norm of each block except the network's first block, and the last norm.
    [InlineData("preact_resnet18", 8)]
    [InlineData("preact_resnet164", 54)]
    public void A_fused_network_computes_the_same_without_norms_after_convolutions(string name, int remaining)
    {
        manual_seed(1);
        using var network = ResNets.Create(name);
        RandomNorms.Draw(network);
        int size = Math.Min(64, ResNets.Find(name).ImageSize);
        using var fused = network.FuseForInference();
        Leaves.Of(fused).Count(module => module is BatchNorm2d).Should().Be(remaining);
        fused.training.Should().BeFalse();
        network.training.Should().BeTrue();
        network.eval();

        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var images = randn([2, 3, size, size]);
        var expected = network.call(images);
        RelativeError(fused.call(images), expected).Should().BeLessThan(1e-4);
        RelativeError(fused.call(ResNetModel.ChannelsLast(images)), expected).Should().BeLessThan(1e-4);
        expected.std().ToDouble().Should().BeGreaterThan(0);
    }

    // Without shortcuts, the first norm of a block and the last norm also follow a convolution, but it has no bias to fold them into.
    [Theory]
    [InlineData(BlockKind.Basic)]
    [InlineData(BlockKind.Bottleneck)]
    public void Norms_between_pre_activation_blocks_without_shortcuts_remain(BlockKind kind)
    {
        manual_seed(10);
        using var network = new ResNetBuilder()
            .Block(kind).PreActivation().Shortcut(ShortcutKind.None).StageDepths(1, 2).Classes(3).Build();
        RandomNorms.Draw(network);
        using var fused = network.FuseForInference();
        Leaves.Of(fused).Count(module => module is BatchNorm2d).Should().Be(3);
        network.eval();
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var images = randn([2, 3, 64, 64]);
        RelativeError(fused.call(images), network.call(images)).Should().BeLessThan(1e-4);
    }

    [Fact]
    public void Frozen_norms_are_folded_too()
    {
        manual_seed(2);
        using var network = ResNets.Create("resnet18", options => options with { Norm = Norm.FrozenBatch, Classes = 10 });
        RandomNorms.Draw(network);
        network.eval();
        using var fused = network.FuseForInference();
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var images = randn([2, 3, 64, 64]);
        RelativeError(fused.call(images), network.call(images)).Should().BeLessThan(1e-4);
    }

    [Fact]
    public void A_fused_network_is_of_the_networks_type_and_can_be_stored()
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(3).DType(ScalarType.Float64).Build();
        RandomNorms.Draw(network);
        using var fused = network.FuseForInference();
        fused.DType.Should().Be(ScalarType.Float64);
        fused.parameters().Should().OnlyContain(parameter => !parameter.requires_grad);
        fused.state_dict().Keys.Take(4).Should().Equal("conv1.weight", "conv1.bias", "layer1.0.conv1.weight", "layer1.0.conv1.bias");
        try
        {
            fused.SaveWeights(path);
            using var loaded = new ResNetModel(fused.Options);
            loaded.LoadWeights(path);
            loaded.eval();
            using var images = randn([1, 3, 32, 32], ScalarType.Float64);
            using var expected = fused.call(images);
            using var found = loaded.call(images);
            RelativeError(found, expected).Should().BeLessThan(1e-12);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_network_stays_as_it_is_and_the_copy_shares_nothing_with_it()
    {
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(3).Build();
        RandomNorms.Draw(network);
        var before = network.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());
        manual_seed(3);
        float next = rand(1).item<float>();
        manual_seed(3);
        using (var fused = network.FuseForInference())
        using (no_grad())
        {
            foreach (var value in fused.state_dict().Values) value.zero_();
        }
        rand(1).item<float>().Should().Be(next, "no random numbers are drawn");
        foreach (var (name, value) in network.state_dict())
        {
            value.allclose(before[name], rtol: 0, atol: 0).Should().BeTrue();
            before[name].Dispose();
        }
    }

    [Fact]
    public void Other_norms_cannot_be_folded()
    {
        using var network = new ResNetBuilder().StageDepths(1).Norm(Norm.Group(8)).Build();
        var fuse = () => network.FuseForInference();
        fuse.Should().Throw<InvalidOperationException>()
            .WithMessage("The network's norm is Group(8), but only batch norms can be folded into convolutions.");
    }

    public static TheoryData<string> Names => [.. ResNets.Catalogue.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Everything_a_fused_network_gives_is_what_the_network_gives(string name)
    {
        manual_seed(4);
        using var network = ResNets.Create(name, classes: 7);
        RandomNorms.Draw(network);
        using var fused = network.FuseForInference();
        network.eval();

        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        int size = Math.Min(64, ResNets.Find(name).ImageSize);
        var images = randn([2, 3, size, size + 5]);
        RelativeError(fused.call(images), network.call(images)).Should().BeLessThan(1e-4);
        foreach (var (found, expected) in fused.ForwardStages(images).Zip(network.ForwardStages(images)))
            RelativeError(found, expected).Should().BeLessThan(1e-4);
        var (map, pooled) = fused.ForwardFeatures(images);
        var (expectedMap, expectedPooled) = network.ForwardFeatures(images);
        map.shape.Should().Equal(expectedMap.shape);
        RelativeError(map, expectedMap).Should().BeLessThan(1e-4);
        RelativeError(pooled, expectedPooled).Should().BeLessThan(1e-4);
    }

    [Theory]
    [InlineData("LoadWeights")]
    [InlineData("load_state_dict")]
    [InlineData("ResetClassifier")]
    public void A_fused_network_computes_with_the_weights_that_it_was_given_since(string by)
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");
        manual_seed(5);
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(3).Build();
        using var fused = network.FuseForInference();
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var images = randn([1, 3, 32, 32]);
        using var other = new ResNetModel(fused.Options);
        other.eval();
        try
        {
            if (by == "LoadWeights")
            {
                other.SaveWeights(path);
                fused.LoadWeights(path);
            }
            else if (by == "load_state_dict")
            {
                fused.load_state_dict(other.state_dict());
            }
            else
            {
                fused.ResetClassifier(5);
                fused.call(images).shape.Should().Equal(1, 5);
                return;
            }
            RelativeError(fused.call(images), other.call(images)).Should().BeLessThan(1e-4);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Gradients_and_other_types_go_through_the_layers_of_a_fused_network()
    {
        manual_seed(6);
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(3).Build();
        using var fused = network.FuseForInference();
        using var scope = NewDisposeScope();
        var images = randn([1, 3, 32, 32], requires_grad: true);
        fused.call(images).sum().backward();
        images.grad!.abs().sum().ToDouble().Should().BeGreaterThan(0);

        var expected = fused.call(images.detach());
        fused.to(ScalarType.Float64);
        RelativeError(fused.call(images.detach().to(ScalarType.Float64)), expected).Should().BeLessThan(1e-4);
    }

    [Fact]
    public void A_new_classifier_of_a_fused_network_learns()
    {
        manual_seed(7);
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(3).Build();
        using var fused = network.FuseForInference().ResetClassifier(2);
        network.eval();
        using var scope = NewDisposeScope();
        var images = randn([4, 3, 32, 32]);
        fused.call(images).sum().backward();
        // For each class, the gradient of the sum of the logits is the sum of the pooled vectors.
        var (_, pooled) = network.ForwardFeatures(images);
        var expected = pooled.sum(dim: 0).detach();
        foreach (var row in fused.get_parameter("fc.weight")!.grad!.unbind(0)) RelativeError(row, expected).Should().BeLessThan(1e-4);
    }

    [Fact]
    public void What_a_fused_network_has_learned_counts_at_once()
    {
        manual_seed(9);
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(3).Build();
        using var fused = network.FuseForInference();
        using var scope = NewDisposeScope();
        var images = randn([1, 3, 32, 32]);
        var before = fused.call(images);
        var bias = fused.get_parameter("fc.bias")!;
        bias.requires_grad = true;
        fused.call(images).sum().backward();
        using (no_grad()) bias.add_(1);
        bias.requires_grad = false;
        RelativeError(fused.call(images), before + 1).Should().BeLessThan(1e-4);
    }

    [Fact]
    public void Several_threads_can_use_a_fused_network_at_once()
    {
        manual_seed(8);
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(3).Build();
        using var fused = network.FuseForInference();
        using var images = randn([1, 3, 32, 32]);
        using var expected = fused.call(images);
        Parallel.For(0, 16, _ =>
        {
            using var inference = inference_mode();
            using var found = fused.call(images);
            RelativeError(found, expected).Should().BeLessThan(1e-6);
        });
    }

    [Fact]
    public void A_fused_network_can_be_summarised()
    {
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(3).Build();
        using var fused = network.FuseForInference();
        var (summary, expected) = (ModelSummary.Of(fused, 32, 32), ModelSummary.Of(network, 32, 32));
        summary.MultiplyAdds.Should().Be(expected.MultiplyAdds);
        summary.Layers.Select(layer => layer.Name).Should().Contain(["conv1", "layer2.0.conv1", "fc"]).And.NotContain("bn1");
    }

    [Fact]
    public void A_fused_network_refuses_what_it_cannot_take()
    {
        using var network = new ResNetBuilder().StageDepths(1).Classes(3).Build();
        using var fused = network.FuseForInference();
        using var grey = zeros(1, 1, 32, 32);
        var call = () => fused.call(grey);
        call.Should().Throw<ArgumentException>()
            .WithMessage("The input has the shape [1, 1, 32, 32], but this network takes [N, 3, H, W].*");
        fused.Dispose();
        using var images = zeros(1, 3, 32, 32);
        var late = () => fused.call(images);
        late.Should().Throw<ObjectDisposedException>();
    }

    private static double RelativeError(Tensor found, Tensor expected)
    {
        using var scope = NewDisposeScope();
        return (found - expected).abs().max().ToDouble() / expected.abs().max().ToDouble();
    }
}
