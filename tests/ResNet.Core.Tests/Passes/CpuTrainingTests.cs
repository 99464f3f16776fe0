using ResNet.Core.Blocks;
using ResNet.Core.Inspection;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Tests.Passes;

/// <summary>Networks that are trained with kernels of this library learn the same as with libtorch's.</summary>
public sealed class CpuTrainingTests
{
    private const int Classes = 5;

    // Rounding errors of Winograd's algorithm change the sign of some numbers before a ReLU, and with them some gradients.
    [Theory]
    [InlineData("resnet18", 4, 64, 64, 3)]
    [InlineData("resnet18", 3, 75, 90, 3)]
    [InlineData("resnet18", 16, 28, 28, 1)]
    [InlineData("resnet34", 2, 96, 96, 3)]
    [InlineData("resnet20", 8, 32, 32, 3)]
    [InlineData("resnet18d", 4, 66, 75, 3)]
    [InlineData("plain18", 4, 64, 64, 3)]
    [InlineData("preact_resnet18", 4, 64, 80, 3)]
    [InlineData("resnext50_32x4d", 16, 64, 64, 3)]
    [InlineData("resnet50_v1", 16, 64, 64, 3)]
    public void Loss_gradients_and_statistics_are_those_of_libtorch(string name, int images, int height, int width, int channels)
    {
        using var scope = NewDisposeScope();
        var (batch, labels) = Batch(images, channels, height, width);
        var expected = Compute(name, channels, batch, labels, ownKernels: false);
        var actual = Compute(name, channels, batch, labels, ownKernels: true);
        actual.IsOurs.Should().BeTrue();
        actual.Loss.Should().BeApproximately(expected.Loss, 1e-4 * expected.Loss);
        foreach (string tensor in expected.Tensors.Keys)
        {
            double largest = expected.Tensors[tensor].norm().ToDouble();
            double difference = (expected.Tensors[tensor] - actual.Tensors[tensor]).norm().ToDouble();
            difference.Should().BeLessThan(0.05 * Math.Max(largest, 1e-6), tensor);
        }
    }

    [Theory]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    [InlineData("resnet20")]
    public void The_number_of_threads_and_another_run_change_no_bit(string name)
    {
        using var scope = NewDisposeScope();
        int threads = get_num_threads();
        try
        {
            var (batch, labels) = Batch(3, 3, 64, 64);
            var results = new List<Result>();
            foreach (int count in new[] { 2, 1, 3, 2 })
            {
                set_num_threads(count);
                results.Add(Compute(name, 3, batch, labels, ownKernels: true));
            }
            foreach (var other in results.Skip(1))
            {
                // libtorch computes the classifier.
                foreach (string tensor in results[0].Tensors.Keys.Where(name => !name.StartsWith("fc.", StringComparison.Ordinal)))
                    other.Tensors[tensor].eq(results[0].Tensors[tensor]).all().ToBoolean().Should().BeTrue(tensor);
            }
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void A_network_learns_as_with_libtorch()
    {
        using var scope = NewDisposeScope();
        var (batch, labels) = Batch(16, 3, 32, 32);
        double[] ours = Learn("resnet20", batch, labels, ownKernels: true), theirs = Learn("resnet20", batch, labels, ownKernels: false);
        ours[^1].Should().BeLessThan(0.5 * ours[0]);
        for (int step = 0; step < ours.Length; step++) ours[step].Should().BeApproximately(theirs[step], 0.02 * theirs[0], $"step {step}");
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    public void Frozen_layers_keep_their_statistics_and_get_no_gradients(int untilStage, bool hasFrozenNorms)
    {
        using var scope = NewDisposeScope();
        var (batch, labels) = Batch(4, 3, 48, 48);
        var gradients = new List<Dictionary<string, Tensor>>();
        foreach (bool ownKernels in new[] { false, true })
        {
            manual_seed(1);
            using var model = ResNets.Create(
                "resnet18", options => options with { Classes = Classes, Norm = hasFrozenNorms ? Norm.FrozenBatch : options.Norm });
            model.TrainingEngine = ownKernels ? TrainingEngine.Kernels : TrainingEngine.Torch;
            model.Freeze(untilStage);
            var mean = model.named_buffers().First(entry => entry.name == "bn1.running_mean").buffer.clone();
            Loss(model, batch, labels).backward();
            model.OwnPassCount.Should().Be(ownKernels ? 1 : 0);
            model.named_buffers().First(entry => entry.name == "bn1.running_mean").buffer.eq(mean).all().ToBoolean().Should().BeTrue();
            gradients.Add(model.named_parameters()
                .Where(entry => entry.parameter.grad is not null)
                .ToDictionary(entry => entry.name, entry => entry.parameter.grad!.clone()));
        }
        gradients[1].Keys.Should().BeEquivalentTo(gradients[0].Keys).And.NotContain("conv1.weight");
        foreach (string name in gradients[0].Keys)
        {
            double difference = (gradients[0][name] - gradients[1][name]).norm().ToDouble();
            difference.Should().BeLessThan(0.05 * gradients[0][name].norm().ToDouble(), name);
        }
    }

    [Fact]
    public void Several_passes_wait_for_their_gradients()
    {
        using var scope = NewDisposeScope();
        using var model = Network("resnet20", 3, ownKernels: true);
        var (first, labels) = Batch(4, 3, 32, 32);
        var (second, _) = Batch(4, 3, 40, 32, seed: 9);
        var gradients = new List<Tensor>();
        foreach (bool together in new[] { true, false })
        {
            model.zero_grad();
            if (together)
            {
                var (one, other) = (Loss(model, first, labels), Loss(model, second, labels));
                (one + other).backward();
            }
            else
            {
                Loss(model, first, labels).backward();
                Loss(model, second, labels).backward();
            }
            gradients.Add(First(model).grad!.clone());
        }
        LayerHarness.ShouldBeClose(gradients[0], gradients[1], 1e-5, "sum of two passes");
    }

    [Fact]
    public void Gradients_are_computed_again_if_the_graph_is_kept()
    {
        using var scope = NewDisposeScope();
        using var model = Network("resnet20", 3, ownKernels: true);
        var (batch, labels) = Batch(4, 3, 32, 32);
        var loss = Loss(model, batch, labels);
        loss.backward(retain_graph: true);
        var once = First(model).grad!.clone();
        loss.backward();
        First(model).grad!.eq(once * 2).all().ToBoolean().Should().BeTrue();
    }

    [Fact]
    public void Hooks_double_precision_and_images_with_gradients_are_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        using var model = Network("resnet20", 3, ownKernels: true);
        var (batch, labels) = Batch(4, 3, 32, 32);
        IsOurs(model, batch, labels).Should().BeTrue();
        IsOurs(model, batch.clone().requires_grad_(), labels).Should().BeFalse();

        int calls = 0;
        var convolution = (TorchSharp.Modules.Conv2d)model.modules().First(module => module is TorchSharp.Modules.Conv2d);
        var hook = convolution.register_forward_hook((_, _, output) =>
        {
            calls++;
            return output;
        });
        IsOurs(model, batch, labels).Should().BeFalse();
        calls.Should().Be(1);
        hook.remove();
        IsOurs(model, batch, labels).Should().BeTrue();

        model.to(ScalarType.Float64);
        IsOurs(model, batch.to(ScalarType.Float64), labels).Should().BeFalse();
    }

    [Fact]
    public void Networks_without_kernels_are_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        using var model = ResNets.Create("resnet18", options => options with { Classes = Classes, Norm = Norm.Group(8) });
        model.TrainingEngine = TrainingEngine.Kernels;
        var (batch, labels) = Batch(2, 3, 64, 64);
        IsOurs(model, batch, labels).Should().BeFalse();
    }

    [Fact]
    public void Images_in_any_memory_order_give_the_same()
    {
        using var scope = NewDisposeScope();
        var (batch, labels) = Batch(4, 3, 32, 32);
        var larger = cat([randn([1, 3, 32, 32]), batch]);
        foreach (var same in new[] { ResNetModel.ChannelsLast(batch), larger.narrow(0, 1, 4) })
        {
            var expected = Compute("resnet20", 3, batch, labels, ownKernels: true);
            var actual = Compute("resnet20", 3, same, labels, ownKernels: true);
            actual.Loss.Should().Be(expected.Loss);
        }
        using var model = Network("resnet20", 3, ownKernels: true);
        double loss = Loss(model, batch, labels).ToDouble();
        Loss(model.ToChannelsLast(), batch, labels).ToDouble().Should().Be(loss, "weights may be channels-last, too");
    }

    [Fact]
    public void Gradients_that_cannot_be_computed_are_an_exception()
    {
        using var scope = NewDisposeScope();
        using var model = Network("resnet20", 3, ownKernels: true);
        var (batch, labels) = Batch(4, 3, 32, 32);

        var loss = Loss(model, batch, labels);
        loss.backward(retain_graph: true);
        Loss(model, batch, labels).backward();
        loss.Invoking(former => former.backward()).Should().Throw<Exception>("another pass has the memory");

        loss = Loss(model, batch, labels);
        using (no_grad()) First(model).mul_(2);
        loss.Invoking(stale => stale.backward()).Should().Throw<Exception>("the weights were changed");

        loss = Loss(model, batch, labels);
        loss.Invoking(first => first.backward(create_graph: true)).Should().Throw<Exception>("there are no gradients of gradients");

        Loss(model, batch, labels).backward();
    }

    [Theory]
    [InlineData("resnet18")]
    [InlineData("resnet20")]
    [InlineData("preact_resnet18")]
    public void Gradients_can_be_computed_twice_from_one_pass(string name)
    {
        using var scope = NewDisposeScope();
        using var model = Network(name, 3, ownKernels: true);
        var (batch, labels) = Batch(4, 3, 64, 64);
        var loss = Loss(model, batch, labels);
        loss.backward(retain_graph: true);
        var once = Gradients();
        var statistics = model.named_buffers().ToDictionary(entry => entry.name, entry => entry.buffer.clone());
        model.zero_grad();
        loss.backward(retain_graph: true);
        foreach (var (parameter, gradient) in Gradients()) gradient.eq(once[parameter]).all().ToBoolean().Should().BeTrue(parameter);
        foreach (var (buffer, value) in model.named_buffers()) value.eq(statistics[buffer]).all().ToBoolean().Should().BeTrue(buffer);
        // They add up.
        loss.backward();
        foreach (var (parameter, gradient) in Gradients())
            gradient.allclose(once[parameter] * 2, 1e-6, 1e-9).Should().BeTrue(parameter);

        Dictionary<string, Tensor> Gradients() =>
            model.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.grad!.clone());
    }

    [Fact]
    public void A_pass_that_computes_gradients_again_keeps_its_values()
    {
        using var scope = NewDisposeScope();
        using var model = Network("resnet20", 3, ownKernels: true);
        var (batch, labels) = Batch(4, 3, 32, 32);
        var (other, _) = Batch(4, 3, 32, 32, seed: 4);
        var loss = Loss(model, batch, labels);
        loss.backward(retain_graph: true);
        using var expected = First(model).grad!.clone();
        model.zero_grad();
        // Another pass, and a release, in the middle of the second one.
        bool isInside = false;
        model.WorkComputed += _ =>
        {
            if (isInside) return;
            isInside = true;
            model.ReleaseTrainingMemory();
            Loss(model, other, labels).Dispose();
        };
        loss.backward();
        isInside.Should().BeTrue();
        First(model).grad!.eq(expected).all().ToBoolean().Should().BeTrue();
    }

    [Fact]
    public void Gradients_of_a_parameter_that_two_layers_share_add_up()
    {
        using var scope = NewDisposeScope();
        var (batch, labels) = Batch(4, 3, 32, 32);
        Tensor? added = null;
        foreach (bool overwrites in new[] { false, true })
        {
            using var model = Network("resnet20", 3, ownKernels: true);
            var convolutions = model.modules().OfType<TorchSharp.Modules.Conv2d>().Skip(1).Take(2).ToList();
            convolutions[1].weight = convolutions[0].weight;
            var parameter = convolutions[0].weight;
            foreach (var one in model.parameters()) one.grad = ones_like(one);
            var loss = Loss(model, batch, labels);
            if (overwrites)
            {
                var overwritten = model.OverwriteGradients();
                overwritten.Should().NotBeEmpty().And.NotContain(one => ReferenceEquals(one, parameter));
            }
            loss.backward();
            if (added is null) added = parameter.grad!.clone();
            else parameter.grad!.eq(added).all().ToBoolean().Should().BeTrue();
        }
    }

    [Fact]
    public void A_loss_outlives_its_network()
    {
        using var scope = NewDisposeScope();
        var (batch, labels) = Batch(4, 3, 32, 32);
        var loss = LossOfUnreachable(batch, labels);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        loss.backward();

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static Tensor LossOfUnreachable(Tensor batch, Tensor labels) => Loss(Network("resnet20", 3, ownKernels: true), batch, labels);
    }

    [Fact]
    public void A_network_that_was_changed_is_seen()
    {
        using var scope = NewDisposeScope();
        using var model = Network("resnet20", 3, ownKernels: true);
        var (batch, labels) = Batch(4, 3, 32, 32);
        IsOurs(model, batch, labels).Should().BeTrue();
        var convolution = (TorchSharp.Modules.Conv2d)model.modules().Last(module => module is TorchSharp.Modules.Conv2d);
        convolution.padding_mode = PaddingModes.Reflect;
        IsOurs(model, batch, labels).Should().BeFalse("padding mode");
        convolution.padding_mode = PaddingModes.Zeros;
        IsOurs(model, batch, labels).Should().BeTrue();
        convolution.bias = new TorchSharp.Modules.Parameter(zeros(convolution.out_channels));
        IsOurs(model, batch, labels).Should().BeFalse("a bias");
    }

    [Fact]
    public void Stochastic_depth_is_left_to_libtorch_also_after_it_was_frozen()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var model = new ResNetBuilder().StageDepths(1, 1).Classes(Classes).StochasticDepth(0.2).Build();
        model.TrainingEngine = TrainingEngine.Kernels;
        var (batch, labels) = Batch(4, 3, 32, 32);
        model.Freeze(model.Stages);
        IsOurs(model, batch, labels).Should().BeFalse();
        model.Unfreeze();
        IsOurs(model, batch, labels).Should().BeFalse();
    }

    [Fact]
    public void A_profile_has_the_time_of_each_layer_by_kind()
    {
        using var scope = NewDisposeScope();
        using var model = Network("resnet18", 3, ownKernels: true);
        var works = new List<TrainingWork>();
        model.WorkComputed += works.Add;
        var (batch, labels) = Batch(2, 3, 64, 64);
        Loss(model, batch, labels).backward();
        works.Should().OnlyContain(work => work.Time > TimeSpan.Zero);
        works.Should().BeInAscendingOrder(work => work.Begin);
        foreach (var kind in new[] { TrainingWorkKind.Convolution, TrainingWorkKind.WeightGradient, TrainingWorkKind.NormGradient })
            Layers(kind).Should().HaveCount(20, kind.ToString());
        Layers(TrainingWorkKind.InputGradient).Should().HaveCount(19, "images need no gradients").And.Contain("layer4.1.conv2");

        IEnumerable<string> Layers(TrainingWorkKind kind) => works.Where(work => work.Kind == kind).Select(work => work.Layer).Distinct();
    }

    [Fact]
    public void A_batch_that_needs_more_memory_than_there_is_is_refused()
    {
        // It needs 300 GB.
        if (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes > 200L << 30) return;
        using var scope = NewDisposeScope();
        using var model = Network("resnet18", 3, ownKernels: true);
        using var one = zeros(1, 3, 224, 224);
        model.Invoking(network => network.call(one.expand(14_000, 3, 224, 224)))
            .Should().Throw<InsufficientMemoryException>()
            .WithMessage("14000 images of 224 × 224 pixels need * use fewer or smaller images.");
    }

    [Fact]
    public void A_window_that_a_byte_cannot_number_is_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        using var model = Network("resnet18", 3, ownKernels: true);
        var (batch, labels) = Batch(2, 3, 64, 64);
        var pool = (TorchSharp.Modules.MaxPool2d)model.modules().First(module => module is TorchSharp.Modules.MaxPool2d);
        pool.kernel_size = [17, 17];
        IsOurs(model, batch, labels).Should().BeFalse();
    }

    [Fact]
    public void Passes_without_gradients_leave_no_memory()
    {
        using var model = Network("resnet20", 3, ownKernels: true);
        using var all = NewDisposeScope();
        var (batch, labels) = Batch(64, 3, 32, 32);
        long begin = 0;
        for (int i = 0; i < 60; i++)
        {
            using var scope = NewDisposeScope();
            var loss = Loss(model, batch, labels);
            if (i % 2 == 0) loss.backward();
            if (i == 19) begin = Environment.WorkingSet;
        }
        (Environment.WorkingSet - begin).Should().BeLessThan(100 << 20);
    }

    private static (Tensor Images, Tensor Labels) Batch(int images, int channels, int height, int width, long seed = 3)
    {
        using var generator = new Generator((ulong)seed);
        return (randn([images, channels, height, width], generator: generator), arange(images) % Classes);
    }

    private static ResNetModel Network(string name, int channels, bool ownKernels)
    {
        manual_seed(1);
        var model = ResNets.Create(name, Classes, channels);
        model.TrainingEngine = ownKernels ? TrainingEngine.Kernels : TrainingEngine.Torch;
        return model;
    }

    private static Tensor Loss(ResNetModel model, Tensor images, Tensor labels) => functional.cross_entropy(model.call(images), labels);

    private static bool IsOurs(ResNetModel model, Tensor images, Tensor labels)
    {
        long before = model.OwnPassCount;
        Loss(model, images, labels);
        return model.OwnPassCount > before;
    }

    private static TorchSharp.Modules.Parameter First(ResNetModel model) => model.parameters().First();

    private static Result Compute(string name, int channels, Tensor images, Tensor labels, bool ownKernels)
    {
        using var model = Network(name, channels, ownKernels);
        var loss = Loss(model, images, labels);
        loss.backward();
        var tensors = model.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.grad!.clone());
        foreach (var (key, buffer) in model.named_buffers()) tensors.Add(key, buffer.to(ScalarType.Float32));
        return new Result(loss.ToDouble(), tensors, model.OwnPassCount > 0);
    }

    private static double[] Learn(string name, Tensor images, Tensor labels, bool ownKernels)
    {
        using var model = Network(name, 3, ownKernels);
        using var optimizer = optim.SGD(model.parameters(), 0.05, momentum: 0.9);
        double[] losses = new double[20];
        for (int step = 0; step < losses.Length; step++)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var loss = Loss(model, images, labels);
            loss.backward();
            optimizer.step();
            losses[step] = loss.ToDouble();
        }
        return losses;
    }

    private sealed record Result(double Loss, Dictionary<string, Tensor> Tensors, bool IsOurs);
}
