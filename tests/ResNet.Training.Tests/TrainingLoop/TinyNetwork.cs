using ResNet.Core;
using ResNet.Core.Blocks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.TrainingLoop;

/// <summary>A residual network of two blocks for three classes, and images to train it on.</summary>
internal static class TinyNetwork
{
    private const int Classes = 3;

    internal static ResNetModel Create(Norm? norm = null, ScalarType type = ScalarType.Float32)
    {
        manual_seed(3);
        var network = new ResNetModel(new ResNetOptions
        {
            StageDepths = [1, 1], StageWidths = [8, 16], Stem = StemKind.Cifar, Classes = Classes, Norm = norm ?? Norm.Batch, DType = type,
        });
        // As after training: no value is 0 or 1.
        using var _ = no_grad();
        foreach (var (name, tensor) in network.state_dict())
        {
            if (tensor.ndim == 1) tensor.add_(rand(tensor.shape).mul_(0.2));
        }
        return network;
    }

    /// <summary>Makes a different batch for each number; its classes can be distinguished.</summary>
    internal static (Tensor Images, Tensor Labels) Batch(int number, ScalarType type = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator((ulong)number);
        var labels = arange(12, ScalarType.Int64).reshape(Classes, 4).t().flatten().div(4, RoundingMode.floor);
        var images = randn(12, 3, 8, 8, generator: random).add_(labels.reshape(12, 1, 1, 1), alpha: 0.5).to(type);
        return (ResNetModel.ChannelsLast(images).MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    }

    /// <summary>Computes the loss of a batch and the gradients of the parameters.</summary>
    internal static double Backward(ResNetModel network, int number)
    {
        using var scope = NewDisposeScope();
        var (images, labels) = Batch(number, network.DType);
        var loss = nn.functional.cross_entropy(network.call(images).to(ScalarType.Float32), labels, label_smoothing: 0.1);
        loss.backward();
        return loss.ToDouble();
    }

    internal static Dictionary<string, Tensor> Copy(ResNetModel network) =>
        network.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone().DetachFromDisposeScope());

    internal static void ShouldBe(this IReadOnlyDictionary<string, Tensor> actual, IReadOnlyDictionary<string, Tensor> expected)
    {
        actual.Keys.Should().Equal(expected.Keys);
        foreach (var (name, value) in expected)
        {
            actual[name].dtype.Should().Be(value.dtype, name);
            actual[name].detach().Equals(value).Should().BeTrue("{0} should have the same bits", name);
        }
    }
}
