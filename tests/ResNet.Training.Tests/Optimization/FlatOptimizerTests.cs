using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Weights;
using ResNet.Training.Tests.Optimization.Weights;
using ResNet.Training.Tests.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.Tests.Optimization;

public class FlatOptimizerTests
{
    public static TheoryData<string> Names => [.. s_options.Keys];

    private static readonly Dictionary<string, OptimizerOptions> s_options = new()
    {
        ["SGD"] = new Sgd { Momentum = 0, WeightDecay = 0 },
        ["SGD with momentum"] = new Sgd { Nesterov = false },
        ["SGD with Nesterov's momentum"] = new Sgd { DecayNormsAndBiases = false },
        ["AdamW"] = new AdamW { DecayNormsAndBiases = false },
        ["LAMB"] = new Lamb { DecayNormsAndBiases = false },
    };

    // Other instructions compute the end of a chunk than its main part.
    [Theory]
    [MemberData(nameof(Names))]
    public void Values_do_not_depend_on_how_the_weights_are_cut(string name)
    {
        var results = new List<Dictionary<string, Tensor>>();
        foreach (long? chunk in new long?[] { null, 32, 96, 1024, 1 << 20 })
        {
            using var network = TinyNetwork.Create();
            using var flat = new FlatWeights(network, s_options[name].DecayNormsAndBiases, Precision.Full);
            using var optimizer = FlatOptimizer.Create(s_options[name], flat, chunk);
            FlatWeightsTests.Train(network, flat, optimizer, 3);
            results.Add(TinyNetwork.Copy(network));
        }
        foreach (var other in results.Skip(1)) other.ShouldBe(results[0]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_optimizer_with_another_ones_state_goes_on_as_that_one_would(string name)
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, s_options[name].DecayNormsAndBiases, Precision.Full);
        using var optimizer = FlatOptimizer.Create(s_options[name], flat);
        FlatWeightsTests.Train(network, flat, optimizer, 3);

        using var secondNetwork = TinyNetwork.Create();
        using var secondFlat = new FlatWeights(secondNetwork, s_options[name].DecayNormsAndBiases, Precision.Full);
        using var second = FlatOptimizer.Create(s_options[name], secondFlat);
        Load(flat.State(), secondFlat.State());
        Load(optimizer.State(), second.State());

        FlatWeightsTests.Train(network, flat, optimizer, 2);
        FlatWeightsTests.Train(secondNetwork, secondFlat, second, 2);
        secondNetwork.state_dict().ShouldBe(TinyNetwork.Copy(network));
    }

    [Fact]
    public void States_are_named_after_parameters_and_have_their_shapes()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var sgd = FlatOptimizer.Create(new Sgd(), flat);
        using var adam = FlatOptimizer.Create(new AdamW(), flat);
        string[] names = [.. flat.Layout.Select(entry => entry.Name)];
        sgd.State().Select(entry => entry.Name).Should().Equal(names.Select(name => $"momentum.{name}"));
        adam.State().Select(entry => entry.Name)
            .Should().Equal(["optimizer.step", .. names.Select(name => $"exp_avg.{name}"), .. names.Select(name => $"exp_avg_sq.{name}")]);
        sgd.State().Single(entry => entry.Name == "momentum.conv1.weight").Tensor.shape.Should().Equal(8, 3, 3, 3);
    }

    [Fact]
    public void Norms_and_biases_decay_only_where_they_shall()
    {
        foreach (bool decay in new[] { true, false })
        {
            using var network = TinyNetwork.Create();
            var before = TinyNetwork.Copy(network);
            using var flat = new FlatWeights(network, decay, Precision.Full);
            using var optimizer = FlatOptimizer.Create(new Sgd { WeightDecay = 0.5, Momentum = 0 }, flat);
            // Without gradients, a step only applies the weight decay.
            optimizer.Step(0.1);
            foreach (var (name, parameter) in network.named_parameters())
            {
                var expected = before[name] * (decay || parameter.ndim > 1 ? 0.95 : 1);
                parameter.detach().allclose(expected, rtol: 1e-6, atol: 0).Should().BeTrue(name);
            }
        }
    }

    private static void Load(IReadOnlyList<(string Name, Tensor Tensor)> source, IReadOnlyList<(string Name, Tensor Tensor)> target)
    {
        using var _ = no_grad();
        foreach (var (from, to) in source.Zip(target))
        {
            to.Name.Should().Be(from.Name);
            to.Tensor.copy_(from.Tensor);
        }
    }
}
