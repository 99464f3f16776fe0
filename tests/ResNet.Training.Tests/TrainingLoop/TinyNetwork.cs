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
        // As after a training: nothing is 0 or 1, and the classifier's bias is not of one size with the others' padding.
        using var _ = no_grad();
        foreach (var (name, tensor) in network.state_dict())
        {
            if (tensor.ndim == 1) tensor.add_(rand(tensor.shape).mul_(0.2));
        }
        return network;
    }

    /// <summary>A batch that is another one for each number, of classes that can be told apart.</summary>
    internal static (Tensor Images, Tensor Labels) Batch(int number, ScalarType type = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator((ulong)number);
        var labels = arange(12, ScalarType.Int64).reshape(Classes, 4).t().flatten().div(4, RoundingMode.floor);
        var images = randn(12, 3, 8, 8, generator: random).add_(labels.reshape(12, 1, 1, 1), alpha: 0.5).to(type);
        return (ResNetModel.ChannelsLast(images).MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    }

    /// <summary>The loss of a batch, with its gradients left at the parameters.</summary>
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
