using ResNet.Training.Optimization.Weights;
using ResNet.Training.Tests.TrainingLoop;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Optimization.Weights;

public class GradientsTests
{
    [Theory]
    [InlineData(1000)]
    [InlineData(0.5)]
    public void Gradients_are_scaled_down_to_the_norm_and_never_up(double most)
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        TinyNetwork.Backward(network, 0);
        using var before = flat.Gradients.clone();
        double norm = Math.Sqrt(before.to(ScalarType.Float64).square().sum().ToDouble());
        norm.Should().BeInRange(0.6, 900);
        using var found = Gradients.Clip(flat, most);
        found.ToDouble().Should().BeApproximately(norm, 1e-6 * norm);
        flat.Gradients.allclose(before * Math.Min(1, most / norm), rtol: 1e-5, atol: 0).Should().BeTrue();
    }
}
