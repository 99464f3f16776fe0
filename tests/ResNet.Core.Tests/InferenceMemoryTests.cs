using ResNet.Core.Blocks;
using ResNet.Testing;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

public class InferenceMemoryTests
{
    // The input of the stage, the block's input, a layer's input and its output; also the activated input of a pre-activation block that
    // changes the shape. A single bottleneck makes nine tensors in total.
    private const int Alive = 5;

    [Theory]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    [InlineData("resnet152")]
    [InlineData("resnet50d")]
    [InlineData("resnet110")]
    [InlineData("preact_resnet50")]
    public void At_most_one_blocks_tensors_are_alive_at_any_time(string name)
    {
        using var network = ResNets.Create(name);
        network.eval();
        using var inference = inference_mode();
        using var images = rand([1, 3, 64, 64]);
        long before = LiveTensors.Count(), most = 0;
        int layers = 0;
        foreach (var layer in Leaves.Of(network).Cast<nn.Module<Tensor, Tensor>>())
        {
            layer.register_forward_pre_hook((_, input) => Count(input));
            layer.register_forward_hook((_, _, output) => Count(output));
        }
        using var logits = network.call(images);
        layers.Should().BeGreaterThan(40);
        most.Should().BeInRange(3, Alive);
        Tensor.TotalCount.Should().Be(before + 1, "only the logits are left");

        Tensor Count(Tensor tensor)
        {
            layers++;
            most = Math.Max(most, Tensor.TotalCount - before);
            return tensor;
        }
    }

    [Fact]
    public void The_depth_of_a_network_does_not_matter()
    {
        long[] peaks = [.. new[] { "resnet20", "resnet110" }.Select(PeakOf)];
        peaks[1].Should().Be(peaks[0]);

        static long PeakOf(string name)
        {
            long before = 0, most = 0;
            var norm = Norm.From(channels => new CountingNorm(channels, () => most = Math.Max(most, Tensor.TotalCount - before)));
            using var network = ResNets.Create(name, options => options with { Norm = norm });
            network.eval();
            using var inference = inference_mode();
            using var images = rand([1, 3, 32, 32]);
            before = LiveTensors.Count();
            network.call(images).Dispose();
            return most;
        }
    }

    private sealed class CountingNorm : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.BatchNorm2d inner;
        private readonly Action _count;

        internal CountingNorm(int channels, Action count) : base(nameof(CountingNorm))
        {
            inner = nn.BatchNorm2d(channels);
            _count = count;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            var result = inner.call(input);
            _count();
            return result;
        }
    }
}
