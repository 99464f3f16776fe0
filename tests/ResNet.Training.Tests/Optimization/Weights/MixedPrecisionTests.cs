using ResNet.Core.Blocks;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Weights;
using ResNet.Training.Tests.TrainingLoop;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Optimization.Weights;

public class MixedPrecisionTests
{
    public static TheoryData<string> Norms => [.. s_norms.Keys];

    private static readonly Dictionary<string, Norm> s_norms = new()
    {
        ["batch"] = Norm.Batch,
        ["frozen batch"] = Norm.FrozenBatch,
        ["group"] = Norm.Group(4),
        ["custom"] = Norm.From(channels => new ScaledNorm(channels)),
    };

    [Theory]
    [MemberData(nameof(Norms))]
    public void Convolutions_and_linear_layers_compute_in_bfloat16_and_norms_keep_float32(string norm)
    {
        using var network = TinyNetwork.Create(s_norms[norm]);
        using var flat = new FlatWeights(network, true, Precision.BFloat16, allowSlowPrecision: true);
        flat.Precision.Should().Be(Precision.BFloat16);
        flat.Weights.dtype.Should().Be(ScalarType.Float32);
        network.DType.Should().Be(ScalarType.BFloat16);
        network.get_parameter("layer1.0.conv1.weight")!.dtype.Should().Be(ScalarType.BFloat16);
        network.get_parameter("fc.bias")!.dtype.Should().Be(ScalarType.BFloat16);
        network.named_parameters().Where(entry => entry.name.Contains("bn")).All(entry => entry.parameter.dtype == ScalarType.Float32)
            .Should().BeTrue();
        network.call(TinyNetwork.Batch(0, ScalarType.BFloat16).Images).dtype.Should().Be(ScalarType.BFloat16);
    }

    // A bfloat16 has 8 bits of mantissa: after some ten layers, and with weights that were trained with such gradients, the loss deviates
    // by a few times 2⁻⁸ relative to the first loss.
    [Theory]
    [MemberData(nameof(Norms))]
    public void Bfloat16_trains_with_losses_near_those_of_float32(string norm)
    {
        double[] full = Losses(Precision.Full), low = Losses(Precision.BFloat16);
        full[^1].Should().BeLessThan(0.95 * full[0]);
        low.Should().Equal(full, (a, b) => Math.Abs(a - b) < 0.05 * full[0]);
        low.Should().NotEqual(full);

        double[] Losses(Precision precision)
        {
            using var network = TinyNetwork.Create(s_norms[norm]);
            using var flat = new FlatWeights(network, false, precision, allowSlowPrecision: true);
            using var optimizer = FlatOptimizer.Create(new Sgd(), flat);
            var losses = new List<double>();
            for (int i = 0; i < 20; i++)
            {
                flat.ZeroGradients();
                losses.Add(TinyNetwork.Backward(network, i));
                flat.CollectGradients();
                optimizer.Step(0.02);
                flat.PublishWeights();
            }
            return [.. losses];
        }
    }

    [Fact]
    public void Steps_too_small_for_bfloat16_add_up_in_the_masters()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.BFloat16, allowSlowPrecision: true);
        using var optimizer = FlatOptimizer.Create(new Sgd { Momentum = 0, WeightDecay = 1 }, flat);
        using var before = network.get_parameter("fc.weight")!.detach().to(ScalarType.Float32);
        for (int i = 0; i < 100; i++)
        {
            flat.ZeroGradients();
            // Only weight decay, by 1/1000: in bfloat16, rounding would undo each of these steps.
            optimizer.Step(1e-3);
            flat.PublishWeights();
        }
        using var after = network.get_parameter("fc.weight")!.detach().to(ScalarType.Float32);
        after.allclose(before * Math.Pow(0.999, 100), rtol: 0.01, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void Gradients_of_several_batches_add_up()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.BFloat16, allowSlowPrecision: true);
        var single = Enumerable.Range(0, 2).Select(batch =>
        {
            flat.ZeroGradients();
            TinyNetwork.Backward(network, batch);
            flat.CollectGradients();
            return flat.Gradients.clone();
        }).ToList();
        flat.ZeroGradients();
        for (int batch = 0; batch < 2; batch++)
        {
            TinyNetwork.Backward(network, batch);
            flat.CollectGradients();
        }
        flat.Gradients.allclose(single[0] + single[1], rtol: 1e-5, atol: 1e-6).Should().BeTrue();
    }

    [Fact]
    public void Frozen_convolutions_compute_in_bfloat16_and_keep_their_weights()
    {
        using var network = TinyNetwork.Create().Freeze(1);
        var before = TinyNetwork.Copy(network);
        using (var flat = new FlatWeights(network, true, Precision.BFloat16, allowSlowPrecision: true))
        {
            network.get_parameter("conv1.weight")!.dtype.Should().Be(ScalarType.BFloat16);
            using var optimizer = FlatOptimizer.Create(new Sgd(), flat);
            FlatWeightsTests.Train(network, flat, optimizer, 2);
        }
        network.state_dict()["conv1.weight"].Equals(before["conv1.weight"]).Should().BeTrue();
        network.state_dict()["layer1.0.conv2.weight"].Equals(before["layer1.0.conv2.weight"]).Should().BeTrue();
        network.get_parameter("conv1.weight")!.requires_grad.Should().BeFalse();
        network.Unfreeze().get_parameter("conv1.weight")!.requires_grad.Should().BeTrue();
    }

    [Fact]
    public void Float16_on_the_CPU_is_refused_in_one_sentence()
    {
        using var network = TinyNetwork.Create();
        var make = () => new FlatWeights(network, true, Precision.Half);
        make.Should().Throw<InvalidOptionException>()
            .WithMessage("TrainerOptions.Precision is Half, but has to be BFloat16 or Full on the CPU.");
    }

    [Fact]
    public void A_CPU_computes_in_bfloat16_or_says_that_it_stays_with_float32()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.BFloat16);
        network.DType.Should().Be(flat.Precision == Precision.Full ? ScalarType.Float32 : ScalarType.BFloat16);
    }

    // It has a parameter of its own, so that everything in it stays float32.
    private sealed class ScaledNorm : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter scale;
        private readonly Conv2d mix;

        internal ScaledNorm(int channels) : base(nameof(ScaledNorm))
        {
            scale = nn.Parameter(full([1, channels, 1, 1], 0.5f));
            mix = nn.Conv2d(channels, channels, kernel_size: 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            input.dtype.Should().Be(scale.dtype);
            return mix.call(input).mul(scale);
        }
    }
}
