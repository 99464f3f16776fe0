using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Weights;
using ResNet.Training.Tests.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Optimization;

/// <summary>The rule is that of the documentation of <c>torch.cuda.amp.GradScaler</c>, which only runs on CUDA devices.</summary>
public class LossScalerTests
{
    [Fact]
    public void The_scale_halves_with_each_step_that_is_not_finite_and_doubles_after_2000_that_are()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var scaler = new LossScaler();
        scaler.Factor.Should().Be(65536);
        Steps(1999, 1);
        scaler.Factor.Should().Be(65536);
        Steps(1, 1);
        scaler.Factor.Should().Be(131072);
        Steps(1999, 1);
        Steps(1, double.PositiveInfinity);
        scaler.Factor.Should().Be(65536);
        Steps(2, double.NaN);
        Steps(1, double.NegativeInfinity);
        scaler.Factor.Should().Be(8192);
        Steps(1999, 1);
        scaler.Factor.Should().Be(8192);
        Steps(1, 1);
        scaler.Factor.Should().Be(16384);

        void Steps(int count, double gradient)
        {
            for (int i = 0; i < count; i++)
            {
                flat.Gradients[5] = tensor(gradient);
                scaler.Unscale(flat).Should().Be(double.IsFinite(gradient));
                scaler.Update();
            }
            flat.ZeroGradients();
        }
    }

    [Fact]
    public void Gradients_of_a_scaled_loss_are_those_of_the_loss_once_unscaled()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var scaler = new LossScaler();
        using var expected = Gradient(loss => loss);
        using var actual = Gradient(scaler.Scale);
        actual.allclose(expected * 65536, rtol: 1e-4, atol: 1e-2).Should().BeTrue();
        scaler.Unscale(flat).Should().BeTrue();
        flat.Gradients.allclose(expected, rtol: 1e-4, atol: 1e-7).Should().BeTrue();

        Tensor Gradient(Func<Tensor, Tensor> scale)
        {
            flat.ZeroGradients();
            var (images, labels) = TinyNetwork.Batch(0);
            scale(nn.functional.cross_entropy(network.call(images), labels)).backward();
            return flat.Gradients.clone();
        }
    }

    [Fact]
    public void A_scaler_with_another_ones_state_goes_on_as_that_one_would()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var first = new LossScaler();
        flat.Gradients.fill_(double.NaN);
        first.Unscale(flat);
        first.Update();
        flat.ZeroGradients();
        for (int i = 0; i < 1999; i++) Step(first);

        using var second = new LossScaler();
        foreach (var (from, to) in first.State().Zip(second.State())) to.Tensor.copy_(from.Tensor);
        second.Factor.Should().Be(32768);
        Step(second);
        second.Factor.Should().Be(65536);

        void Step(LossScaler scaler)
        {
            scaler.Unscale(flat);
            scaler.Update();
        }
    }
}
