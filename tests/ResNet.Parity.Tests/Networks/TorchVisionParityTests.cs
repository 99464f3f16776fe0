using ResNet.Core;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torchvision;

namespace ResNet.Parity.Tests;

/// <summary>TorchSharp's own TorchVision computes with the same libtorch: its networks are the reference to the bit.</summary>
public sealed class TorchVisionParityTests
{
    private const int Classes = 10;
    private const int Seed = 7;
    private const int Size = 64;

    private static readonly Dictionary<string, Func<nn.Module<Tensor, Tensor>>> s_references = new()
    {
        ["resnet18"] = () => models.resnet18(num_classes: Classes),
        ["resnet34"] = () => models.resnet34(num_classes: Classes),
        ["resnet50"] = () => models.resnet50(num_classes: Classes),
        ["resnet101"] = () => models.resnet101(num_classes: Classes),
        ["resnet152"] = () => models.resnet152(num_classes: Classes),
        ["resnext50_32x4d"] = () => models.resnext50_32x4d(num_classes: Classes),
        ["wide_resnet50_2"] = () => models.wide_resnet50_2(num_classes: Classes),
        ["wide_resnet101_2"] = () => models.wide_resnet101_2(num_classes: Classes),
    };

    public static TheoryData<string> Names => [.. s_references.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_seed_draws_the_same_weights_by_the_same_names(string name)
    {
        using var ours = Ours(name);
        using var theirs = Theirs(name);
        ShouldBeEqual(ours.state_dict(), theirs.state_dict());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluation_gives_the_same_logits(string name)
    {
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        var (ours, theirs) = (Ours(name), Theirs(name));
        var images = Images(batch: 2, step: 0);
        // The first pass changes the statistics of the norms.
        foreach (var network in new[] { ours, theirs }) network.call(images);
        ours.eval();
        theirs.eval();
        ShouldBeEqual("logits", ours.call(images), theirs.call(images));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Five_steps_of_gradient_descent_give_the_same_logits_gradients_weights_and_statistics(string name)
    {
        using var scope = NewDisposeScope();
        var (ours, theirs) = (Ours(name), Theirs(name));
        using var own = optim.SGD(ours.parameters(), 0.01, 0.9, weight_decay: 1e-4);
        using var other = optim.SGD(theirs.parameters(), 0.01, 0.9, weight_decay: 1e-4);
        for (int step = 0; step < 5; step++)
        {
            using var stepScope = NewDisposeScope();
            ShouldBeEqual($"logits of step {step}", TakeStep(ours, own, step), TakeStep(theirs, other, step));
            foreach (var ((parameter, gradient), (_, expected)) in Gradients(ours).Zip(Gradients(theirs)))
                ShouldBeEqual($"the gradient of {parameter} in step {step}", gradient, expected);
        }
        ShouldBeEqual(ours.state_dict(), theirs.state_dict());
    }

    // TorchVision builds them with the depths of ResNet-50. Once it corrects that, they belong above.
    [Theory]
    [InlineData("resnext101_32x8d")]
    [InlineData("resnext101_64x4d")]
    public void TorchVisions_deep_ResNeXts_have_the_layers_of_ResNet_50_and_are_no_reference(string name)
    {
        using var broken = name == "resnext101_32x8d" ? models.resnext101_32x8d() : models.resnext101_64x4d();
        using var resnet50 = ResNets.Create("resnet50");
        using var ours = ResNets.Create(name);
        broken.state_dict().Keys.Should().BeEquivalentTo(resnet50.state_dict().Keys);
        ours.state_dict().Keys.Should().NotBeEquivalentTo(resnet50.state_dict().Keys);
    }

    private static ResNetModel Ours(string name)
    {
        manual_seed(Seed);
        return ResNets.Create(name, classes: Classes);
    }

    /// <summary>Makes TorchVision's network with new weights for ten classes.</summary>
    internal static nn.Module<Tensor, Tensor> Theirs(string name)
    {
        manual_seed(Seed);
        return s_references[name]();
    }

    private static Tensor Images(int batch, int step)
    {
        using var random = new Generator((ulong)(Seed + step));
        return randn([batch, 3, Size, Size], generator: random);
    }

    private static Tensor TakeStep(nn.Module<Tensor, Tensor> network, optim.Optimizer optimizer, int step)
    {
        optimizer.zero_grad();
        var logits = network.call(Images(batch: 4, step));
        nn.functional.cross_entropy(logits, tensor([1L, 4, 4, 9])).backward();
        optimizer.step();
        return logits.detach();
    }

    private static IEnumerable<(string Name, Tensor Gradient)> Gradients(nn.Module network) =>
        network.named_parameters().Select(entry => (entry.name, entry.parameter.grad!));

    private static void ShouldBeEqual(Dictionary<string, Tensor> ours, Dictionary<string, Tensor> theirs)
    {
        ours.Keys.Should().BeEquivalentTo(theirs.Keys);
        foreach (var (name, value) in theirs) ShouldBeEqual(name, ours[name], value);
    }

    private static void ShouldBeEqual(string what, Tensor ours, Tensor theirs)
    {
        ours.shape.Should().Equal(theirs.shape, what);
        ours.dtype.Should().Be(theirs.dtype, what);
        using var differences = ours.detach().ne(theirs.detach()).sum();
        differences.ToInt64().Should().Be(0, "{0} should have the same bits", what);
    }
}
