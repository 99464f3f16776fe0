using ResNet.Core;
using ResNet.Core.Blocks;
using ResNet.Testing;
using ResNet.Training.Loading;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Weights;
using ResNet.Training.Tests.TrainingLoop;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Optimization.Weights;

public class FlatWeightsTests
{
    [Theory]
    [InlineData(TrainingEngine.Kernels, new long[] { 72, 9, 3, 1 })]
    [InlineData(TrainingEngine.Torch, new long[] { 72, 1, 24, 8 })]
    public void Making_weights_flat_changes_no_value_and_lays_convolutions_out(TrainingEngine engine, long[] strides)
    {
        using var network = TinyNetwork.Create();
        network.TrainingEngine = engine;
        var before = TinyNetwork.Copy(network);
        using (var flat = new FlatWeights(network, true, Precision.Full))
        {
            network.state_dict().ShouldBe(before);
            network.get_parameter("layer1.0.conv1.weight")!.stride().Should().Equal(strides);
        }
        network.state_dict().ShouldBe(before);
        ImageLayout.IsChannelsLast(network).Should().BeTrue("a trained network is channels-last");
        network.parameters().All(parameter => parameter.requires_grad && parameter.is_leaf).Should().BeTrue();
    }

    [Fact]
    public void Kernels_write_the_first_gradients_of_a_step_over_the_former_ones()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        flat.ZeroGradients();
        TinyNetwork.Backward(network, 1);
        using var expected = flat.Gradients.clone();
        TinyNetwork.Backward(network, 2);
        using var both = flat.Gradients.clone();

        flat.Gradients.FillInPlace(99);
        Overwrite(network, flat, 1).Should().Be(network.parameters().Count() - 2, "libtorch computes the classifier");
        foreach (var (name, offset, length) in flat.Layout)
            flat.Gradients.narrow(0, offset, length).Equals(expected.narrow(0, offset, length)).Should().BeTrue(name);
        // The next pass adds.
        TinyNetwork.Backward(network, 2);
        foreach (var (name, offset, length) in flat.Layout)
            flat.Gradients.narrow(0, offset, length).Equals(both.narrow(0, offset, length)).Should().BeTrue(name);

        network.TrainingEngine = TrainingEngine.Torch;
        Overwrite(network, flat, 1).Should().Be(0);

        static int Overwrite(ResNetModel network, FlatWeights flat, int number)
        {
            using var scope = NewDisposeScope();
            var (images, labels) = TinyNetwork.Batch(number, network.DType);
            var loss = nn.functional.cross_entropy(network.call(images), labels, label_smoothing: 0.1);
            var overwritten = network.OverwriteGradients();
            flat.ZeroGradients(overwritten);
            loss.backward();
            return overwritten.Count;
        }
    }

    [Fact]
    public void Weights_gradients_and_statistics_stay_views_while_the_network_trains()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var optimizer = FlatOptimizer.Create(new Sgd(), flat);
        for (int i = 0; i < 3; i++)
        {
            flat.ZeroGradients();
            TinyNetwork.Backward(network, i);
            foreach (var (name, offset, length) in flat.Layout)
            {
                var parameter = network.get_parameter(name)!;
                ShouldBeAt(parameter.grad!, flat.Gradients, offset, length);
                parameter.grad!.abs().max().ToDouble().Should().BeGreaterThan(0, name);
            }
            optimizer.Step(0.1);
        }
        using var _ = no_grad();
        foreach (var (name, offset, length) in flat.Layout) ShouldBeAt(network.get_parameter(name)!, flat.Weights, offset, length);
        flat.Statistics.fill_(7);
        network.get_buffer("bn1.running_var")!.eq(7).all().ToBoolean().Should().BeTrue();
        flat.ZeroGradients();
        network.get_parameter("fc.bias")!.grad!.abs().sum().ToDouble().Should().Be(0);

        static void ShouldBeAt(Tensor tensor, Tensor flat, long offset, long length)
        {
            tensor.storage_offset().Should().Be(offset);
            tensor.numel().Should().Be(length);
            using var _ = no_grad();
            var part = flat.narrow(0, offset, length);
            part.add_(1);
            double sum = part.sum().ToDouble();
            tensor.detach().sum().ToDouble().Should().BeApproximately(sum, 1e-4 * Math.Abs(sum) + 1e-4);
            part.sub_(1);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Parameters_that_decay_come_first_and_lie_at_multiples_of_64_bytes(bool normsAndBiases)
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, normsAndBiases, Precision.Full);
        flat.Layout.Select(entry => entry.Name).Should().BeEquivalentTo(network.named_parameters().Select(entry => entry.name));
        foreach (var (name, offset, length) in flat.Layout)
        {
            (offset * 4 % 64).Should().Be(0);
            (offset < flat.Decayed).Should().Be(normsAndBiases || network.get_parameter(name)!.ndim > 1, name);
        }
        flat.Layout.Zip(flat.Layout.Skip(1)).Should().OnlyContain(pair => pair.First.Offset + pair.First.Length <= pair.Second.Offset);
    }

    [Fact]
    public void Padding_stays_zero()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        foreach (var options in new OptimizerOptions[] { new Sgd(), new AdamW(), new Lamb() })
        {
            using var optimizer = FlatOptimizer.Create(options, flat);
            flat.ZeroGradients();
            TinyNetwork.Backward(network, 1);
            optimizer.Step(0.1);
            var copy = flat.Weights.clone();
            foreach (var (_, offset, length) in flat.Layout) copy.narrow(0, offset, length).zero_();
            copy.abs().sum().ToDouble().Should().Be(0);
        }
    }

    [Fact]
    public void Frozen_parameters_are_left_alone()
    {
        using var network = TinyNetwork.Create().Freeze(1);
        var before = TinyNetwork.Copy(network);
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var optimizer = FlatOptimizer.Create(new AdamW { WeightDecay = 0.5 }, flat);
        flat.Layout.Should().OnlyContain(
            entry => entry.Name.StartsWith("layer2", StringComparison.Ordinal) || entry.Name.StartsWith("fc", StringComparison.Ordinal));
        Train(network, flat, optimizer, 2);
        foreach (var (name, value) in network.state_dict())
            value.detach().Equals(before[name])
                .Should().Be(
                    name.StartsWith("conv1", StringComparison.Ordinal)
                        || name.StartsWith("bn1", StringComparison.Ordinal)
                        || name.StartsWith("layer1", StringComparison.Ordinal),
                    name);
    }

    [Fact]
    public void The_state_is_the_networks_state_dict()
    {
        using var network = TinyNetwork.Create().Freeze(0);
        using var flat = new FlatWeights(network, true, Precision.Full);
        flat.State().Select(entry => entry.Name).Should().Equal(network.state_dict().Keys.Select(name => $"model.{name}"));
        using var _ = no_grad();
        foreach (var (name, tensor) in flat.State()) tensor.add_(1);
        foreach (var (name, tensor) in flat.State())
            network.state_dict()[name["model.".Length..]].detach().Equals(tensor.detach()).Should().BeTrue(name);
    }

    [Theory]
    [InlineData(Precision.Full, false)]
    [InlineData(Precision.Full, true)]
    [InlineData(Precision.BFloat16, false)]
    [InlineData(Precision.BFloat16, true)]
    public void Evaluating_shows_full_precision_and_going_back_changes_no_bit(Precision precision, bool ofAverage)
    {
        using var network = TinyNetwork.Create().Freeze(0);
        using var flat = new FlatWeights(network, true, precision, allowSlowPrecision: true);
        using var optimizer = FlatOptimizer.Create(new Sgd(), flat);
        using var average = new WeightAverage(flat);
        Train(network, flat, optimizer, 1);
        average.Update(0.3);
        Train(network, flat, optimizer, 1);
        var (before, training) = (
            TinyNetwork.Copy(network), flat.State().ToDictionary(entry => entry.Name, entry => entry.Tensor.detach().clone()));
        var expected = training.ToDictionary(entry => entry.Key["model.".Length..], entry => entry.Value);
        if (ofAverage) foreach (var (name, tensor) in average.State()) expected[name["average.".Length..]] = tensor.clone();

        using (flat.BeginEvaluation(ofAverage ? average : null))
        {
            network.DType.Should().Be(ScalarType.Float32);
            network.state_dict().ShouldBe(expected);
            using var mode = new EvaluationMode(network);
            network.call(TinyNetwork.Batch(1).Images).dtype.Should().Be(ScalarType.Float32);
        }
        network.state_dict().ShouldBe(before);
        flat.State().ToDictionary(entry => entry.Name, entry => entry.Tensor).ShouldBe(training);

        // The gradients still reach the flat tensor.
        Train(network, flat, optimizer, 1);
        flat.Gradients.abs().sum().ToDouble().Should().BeGreaterThan(0);
        network.state_dict()["fc.weight"].detach().Equals(before["fc.weight"]).Should().BeFalse();
    }

    [Fact]
    public void A_second_evaluation_within_one_is_refused()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var evaluation = flat.BeginEvaluation(null);
        flat.Invoking(weights => weights.BeginEvaluation(null)).Should().Throw<InvalidOperationException>();
    }

    [Theory]
    [InlineData(Precision.Full)]
    [InlineData(Precision.BFloat16)]
    public void A_released_network_is_an_ordinary_one_that_outlives_the_flat_weights(Precision precision)
    {
        using var network = TinyNetwork.Create(Norm.Group(4)).Freeze(0);
        Dictionary<string, Tensor> masters;
        using (var flat = new FlatWeights(network, true, precision, allowSlowPrecision: true))
        {
            using var optimizer = FlatOptimizer.Create(new Sgd(), flat);
            Train(network, flat, optimizer, 2);
            masters = flat.State().ToDictionary(entry => entry.Name["model.".Length..], entry => entry.Tensor.detach().clone());
            flat.Release();
            flat.Weights.fill_(double.NaN);
        }
        network.state_dict().ShouldBe(masters);
        network.DType.Should().Be(ScalarType.Float32);
        network.parameters().Should().OnlyContain(parameter => parameter.storage_offset() == 0 && ReferenceEquals(parameter.grad, null));
        network.get_parameter("layer2.0.conv2.weight")!.stride().Should().Equal(144, 1, 48, 16);
        network.named_parameters().Where(entry => !entry.parameter.requires_grad).Select(entry => entry.name)
            .Should().OnlyContain(name => name.StartsWith("conv1") || name.StartsWith("bn1"));
        TinyNetwork.Backward(network, 1);
        network.get_parameter("fc.weight")!.grad!.dtype.Should().Be(ScalarType.Float32);
    }

    [Fact]
    public void A_network_that_is_disposed_of_first_can_still_be_released()
    {
        var network = TinyNetwork.Create();
        var flat = new FlatWeights(network, true, Precision.Full);
        network.Dispose();
        flat.Invoking(weights => weights.Dispose()).Should().NotThrow();
    }

    [Theory]
    [InlineData(Precision.Full)]
    [InlineData(Precision.BFloat16)]
    public void Steps_and_evaluations_leave_no_tensor_behind(Precision precision)
    {
        using var network = TinyNetwork.Create();
        long before = LiveTensors.Count(), finalized = FinalizedTensors.Count(), shown = 0;
        using (var flat = new FlatWeights(network, false, precision, allowSlowPrecision: true))
        {
            // Parameters of another type are new objects whenever the network gets other memory: twice in an evaluation, and at the
            // beginning and the end.
            int replaced = flat.Parameters.Count(parameter => parameter.IsLow);
            shown += 2 * replaced;
            foreach (var options in new OptimizerOptions[] { new Sgd(), new AdamW(), new Lamb() })
            {
                using var optimizer = FlatOptimizer.Create(options, flat);
                using var average = new WeightAverage(flat);
                Work(optimizer, average);
                long during = LiveTensors.Count(shown);
                for (int i = 0; i < 5; i++) Work(optimizer, average);
                LiveTensors.Count(shown).Should().Be(during);
            }

            void Work(FlatOptimizer optimizer, WeightAverage average)
            {
                Train(network, flat, optimizer, 1);
                Gradients.Clip(flat, 1).Dispose();
                average.Update(0.9);
                using var evaluation = flat.BeginEvaluation(average);
                shown += 2 * replaced;
            }
        }
        FinalizedTensors.Count().Should().Be(finalized, "the collector should have no tensor to free");
        LiveTensors.Count(shown).Should().Be(before);
    }

    [Fact]
    public void Tensors_of_several_types_are_refused()
    {
        using var network = TinyNetwork.Create();
        network.named_modules().First(entry => entry.name == "bn1").module.to(ScalarType.Float64);
        var make = () => new FlatWeights(network, true, Precision.Full);
        make.Should().Throw<ArgumentException>().WithMessage("*bn1.weight is Float64*");
    }

    [Fact]
    public void Double_precision_stays_what_it_is()
    {
        using var network = TinyNetwork.Create(type: ScalarType.Float64);
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var optimizer = FlatOptimizer.Create(new Lamb(), flat);
        Train(network, flat, optimizer, 1);
        flat.Weights.dtype.Should().Be(ScalarType.Float64);
        network.DType.Should().Be(ScalarType.Float64);
    }

    // 50 steps, because errors in momentum or views add up.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Flat_weights_change_nothing_50_steps_equal_the_optimizer_for_each_parameter(bool nesterov)
    {
        var options = new Sgd { LearningRate = 0.05, WeightDecay = 1e-2, Nesterov = nesterov };
        using var ordinary = TinyNetwork.Create();
        ordinary.ToChannelsLast();
        using var reference = optim.SGD(
            ordinary.parameters(), options.LearningRate, options.Momentum, weight_decay: options.WeightDecay, nesterov: nesterov);
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var optimizer = FlatOptimizer.Create(options, flat);
        for (int i = 0; i < 50; i++)
        {
            ordinary.zero_grad();
            double expected = TinyNetwork.Backward(ordinary, i);
            reference.step();
            flat.ZeroGradients();
            TinyNetwork.Backward(network, i).Should().BeApproximately(expected, 1e-6 * expected);
            optimizer.Step(options.LearningRate);
        }
        foreach (var (name, value) in ordinary.state_dict())
        {
            using var scope = NewDisposeScope();
            var (theirs, ours) = (value.detach().to(ScalarType.Float64), network.state_dict()[name].detach().to(ScalarType.Float64));
            (ours - theirs).abs().max().ToDouble().Should().BeLessThanOrEqualTo(1e-6 * theirs.abs().max().ToDouble(), name);
        }
    }

    internal static void Train(ResNetModel network, FlatWeights flat, FlatOptimizer optimizer, int steps)
    {
        network.train();
        for (int i = 0; i < steps; i++)
        {
            flat.ZeroGradients();
            TinyNetwork.Backward(network, i);
            flat.CollectGradients();
            optimizer.Step(0.05);
            flat.PublishWeights();
        }
    }
}
