using ResNet.Core.Inspection;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Tests.Passes;

/// <summary>What users see of training with kernels: the choice, the description and the failures.</summary>
public sealed class TrainingEngineTests
{
    [Fact]
    public void Kernels_are_the_default_and_libtorch_can_be_chosen()
    {
        using var scope = NewDisposeScope();
        using var model = ResNets.Create("resnet20");
        model.TrainingEngine.Should().Be(TrainingEngine.Kernels);
        model.call(randn(2, 3, 32, 32));
        model.OwnPassCount.Should().Be(1);
        model.TrainingEngine = TrainingEngine.Torch;
        model.call(randn(2, 3, 32, 32));
        model.OwnPassCount.Should().Be(1);
        model.Invoking(network => network.TrainingEngine = (TrainingEngine)2).Should().Throw<ArgumentOutOfRangeException>()
            .WithMessage("TrainingEngine is 2, which is none.*");
    }

    [Fact]
    public void The_description_names_each_layer_with_its_algorithms()
    {
        using var model = ResNets.Create("resnet18");
        var description = model.DescribeTraining(16, 224, 224);
        description.Engine.Should().Be(TrainingEngine.Kernels);
        description.Reason.Should().BeNull();
        var layers = description.Layers.ToDictionary(layer => layer.Name);
        layers["conv1"].Should().BeEquivalentTo(new TrainedLayer("conv1", "convolution", [16, 64, 112, 112], "direct", null, "direct"));
        layers["layer1.0.conv1"].Should().BeEquivalentTo(new TrainedLayer(
            "layer1.0.conv1", "convolution", [16, 64, 56, 56], "Winograd F(4×4)", "Winograd F(4×4)",
            layers["layer1.0.conv1"].WeightGradient));
        layers["layer2.0.conv1"].InputGradient.Should().Be("direct", "its stride is 2");
        layers["layer1.0.bn1"].Forward.Should().Be("with ReLU");
        layers["layer1.0.bn2"].Forward.Should().Be("with sum and ReLU");
        layers["layer2.0.bn2"].Forward.Should().Be("alone", "the shortcut's norm comes later, and adds it");
        description.Layers.Count(layer => layer.Type == "convolution").Should().Be(20);
        description.Layers.Count(layer => layer.Type == "pooling").Should().Be(2);
        description.ToString().Should().Contain(
            "  convolution  forward direct, of weights direct\n").And.EndWith("\n");
    }

    [Fact]
    public void The_description_says_why_it_is_libtorch()
    {
        using var scope = NewDisposeScope();
        using var model = ResNets.Create("resnet18");
        var convolution = model.modules().OfType<TorchSharp.Modules.Conv2d>().Last();
        var hook = convolution.register_forward_hook((_, _, output) => output);
        Reason(model).Should().Be("A Conv2d has hooks, which run only if it computes by itself.");
        hook.remove();
        model.DescribeTraining(1, 64, 64).Reason.Should().BeNull();
        model.TrainingEngine = TrainingEngine.Torch;
        Reason(model).Should().Be("TrainingEngine is Torch.");
        model.TrainingEngine = TrainingEngine.Kernels;
        model.to(ScalarType.Float64);
        Reason(model).Should().Be("There are kernels for single precision on the CPU only, which 'conv1' is not.");
        model.DescribeTraining(1, 64, 64).ToString().Should().StartWith("libtorch: There are kernels");

        using var deep = new ResNetBuilder().StageDepths(1, 1).StochasticDepth(0.2).Build();
        Reason(deep).Should().Be("There are no kernels to train stochastic depth.");

        static string? Reason(ResNetModel model)
        {
            var description = model.DescribeTraining(1, 64, 64);
            description.Engine.Should().Be(TrainingEngine.Torch);
            description.Layers.Should().BeEmpty();
            return description.Reason;
        }
    }

    [Fact]
    public void The_network_says_why_gradients_failed()
    {
        using var scope = NewDisposeScope();
        using var model = ResNets.Create("resnet20");
        var loss = model.call(randn(2, 3, 32, 32)).sum();
        model.TrainingFailure.Should().BeNull();
        loss.Invoking(first => first.backward(create_graph: true)).Should().Throw<Exception>();
        model.TrainingFailure.Should().BeOfType<NotSupportedException>().Which.Message.Should()
            .Be("There are no kernels for gradients of gradients: set TrainingEngine to Torch.");
        model.ReleaseTrainingMemory();
        model.TrainingFailure.Should().NotBeNull("a trainer releases the memory before anybody looks");

        var images = randn(2, 3, 32, 32);
        var former = model.call(images).sum();
        model.TrainingFailure.Should().BeNull("another pass began");
        former.backward(retain_graph: true);
        model.call(images).sum().backward();
        former.Invoking(again => again.backward()).Should().Throw<Exception>();
        model.TrainingFailure!.Message.Should().StartWith("The gradients of a network were computed again after ");
    }

    [Fact]
    public void A_batch_of_more_numbers_than_kernels_count_is_libtorchs()
    {
        using var model = ResNets.Create("resnet18");
        model.DescribeTraining(50_000, 224, 224).Reason.Should().Be("There are kernels for batches of up to 2,147,483,647 numbers only.");
    }

    [Fact]
    public void Released_memory_is_taken_again()
    {
        using var scope = NewDisposeScope();
        using var model = ResNets.Create("resnet20");
        var images = randn(2, 3, 32, 32);
        model.call(images).sum().backward();
        using var first = model.parameters().First().grad!.clone();
        model.ReleaseTrainingMemory();
        model.ReleaseTrainingMemory();
        model.zero_grad();
        // Batch norms do not depend on running statistics in training.
        model.call(images).sum().backward();
        model.parameters().First().grad!.eq(first).all().ToBoolean().Should().BeTrue();
        // A pass that waits for its gradients keeps its memory.
        var waiting = model.call(images).sum();
        model.ReleaseTrainingMemory();
        waiting.backward();
    }

    // Double precision is not needed: a difference along the gradient is large.
    [Fact]
    public void Gradients_are_those_of_finite_differences()
    {
        const double Step = 2e-3;
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var model = new ResNetBuilder().StageDepths(1, 1).StageWidths(8, 16).Classes(3).Build();
        var (images, labels) = (randn(6, 3, 32, 32), arange(6) % 3);
        Loss().backward();
        model.OwnPassCount.Should().Be(1);
        foreach (var (name, parameter) in model.named_parameters())
        {
            using var inner = NewDisposeScope();
            double expected = parameter.grad!.norm().ToDouble();
            if (expected < 1e-3) continue;
            // Weights before a norm only turn, so their step is a part of their length.
            double step = Step * Math.Max(1, parameter.detach().norm().ToDouble());
            var direction = parameter.grad / expected;
            double upper = Moved(parameter, direction, step), lower = Moved(parameter, direction, -step);
            ((upper - lower) / (2 * step)).Should().BeApproximately(expected, 0.05 * expected, name);
        }

        Tensor Loss() => functional.cross_entropy(model.call(images), labels);

        double Moved(TorchSharp.Modules.Parameter parameter, Tensor direction, double step)
        {
            using var before = parameter.detach().clone();
            using (no_grad()) parameter.add_(direction, step);
            double loss = Loss().ToDouble();
            using (no_grad()) parameter.copy_(before);
            return loss;
        }
    }

    [Fact]
    public void The_limit_of_spinning_is_known()
    {
        // AssemblyInfo loads this library before libtorch.
        if (OperatingSystem.IsLinux()) LibTorchThreads.LimitSpinning().Should().BeTrue();
        else LibTorchThreads.LimitSpinning().Should().BeFalse();
    }
}
