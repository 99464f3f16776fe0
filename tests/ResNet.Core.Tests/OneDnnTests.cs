using ResNet.Core.Layers;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

public sealed class OneDnnTests
{
    [Theory]
    [InlineData(3, 64, 7, 2, false)]
    [InlineData(3, 64, 7, 2, true)]
    [InlineData(20, 16, 3, 1, false)]
    [InlineData(20, 20, 3, 1, true)]
    [InlineData(24, 40, 3, 1, false)]
    [InlineData(64, 64, 3, 1, true)]
    [InlineData(64, 128, 3, 2, true)]
    [InlineData(64, 256, 1, 1, true)]
    [InlineData(64, 128, 1, 2, true)]
    public void Convolutions_and_gradients_are_right_on_every_machine(
        int input, int output, int kernel, int stride, bool channelsLast)
    {
        using var scope = NewDisposeScope();
        var images = randn(3, input, 15, 15);
        var weights = randn(output, input, kernel, kernel);
        var gradient = randn(3, output, (14 / stride) + 1, (14 / stride) + 1);
        var expected = Convolve(images, weights, gradient, stride, ScalarType.Float64, channelsLast: false);
        for (int run = 0; run < 3; run++)
        {
            // Memory that was freed holds NaN then, as it may hold anything.
            for (int i = 0; i < 4; i++) full([3, 64, 15, 15], float.NaN).Dispose();
            var actual = Convolve(images, weights, gradient, stride, ScalarType.Float32, channelsLast);
            for (int i = 0; i < expected.Length; i++)
            {
                double deviation = (actual[i] - expected[i]).abs().max().item<double>() / expected[i].abs().max().item<double>();
                deviation.Should().BeLessThan(1e-5, "number {0} of output, gradient of the images and gradient of the weights", i);
            }
        }
    }

    [Fact]
    public void It_is_limited_where_it_mistakes_the_caches_and_nowhere_else()
    {
        // The module's initializer ran before this.
        OneDnn.IsLimited.Should().Be(OneDnn.MistakesCaches);
    }

    private static Tensor[] Convolve(Tensor images, Tensor weights, Tensor gradient, long stride, ScalarType type, bool channelsLast)
    {
        var (x, w, g) = (Cast(images).requires_grad_(true), Cast(weights).requires_grad_(true), Cast(gradient));
        long padding = weights.shape[2] / 2;
        var output = nn.functional.conv2d(x, w, null, [stride, stride], [padding, padding], [1, 1]);
        output.backward([g]);
        return [output.detach(), x.grad!, w.grad!];

        Tensor Cast(Tensor values) => channelsLast ? ResNetModel.ChannelsLast(values.to(type)) : values.to(type, copy: true);
    }
}
