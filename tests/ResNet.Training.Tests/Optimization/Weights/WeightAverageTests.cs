using ResNet.Training.Optimization.Weights;
using ResNet.Training.Tests.TrainingLoop;

namespace ResNet.Training.Tests.Optimization.Weights;

public class WeightAverageTests
{
    [Fact]
    public void An_average_follows_weights_and_statistics()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var average = new WeightAverage(flat);
        using var weights = flat.Weights.clone();
        using var statistics = flat.Statistics.clone();
        flat.Weights.mul_(3);
        flat.Statistics.mul_(5);
        average.Update(0.75);
        average.Weights.allclose(weights * 1.5).Should().BeTrue();
        average.Statistics.allclose(statistics * 2).Should().BeTrue();
        average.Update(0);
        average.Weights.Equals(flat.Weights).Should().BeTrue();
        flat.Weights.mul_(2);
        average.CopyFromWeights();
        average.Weights.Equals(flat.Weights).Should().BeTrue();
    }

    [Fact]
    public void What_does_not_change_is_averaged_to_the_same_bits()
    {
        using var network = TinyNetwork.Create();
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var average = new WeightAverage(flat);
        for (int i = 0; i < 100; i++) average.Update(0.99998);
        average.Weights.Equals(flat.Weights).Should().BeTrue();
        average.Statistics.Equals(flat.Statistics).Should().BeTrue();
    }

    [Fact]
    public void Its_state_has_the_networks_names_and_shapes()
    {
        using var network = TinyNetwork.Create().Freeze(0);
        using var flat = new FlatWeights(network, true, Precision.Full);
        using var average = new WeightAverage(flat);
        var own = network.state_dict();
        average.State().Select(entry => entry.Name).Should().BeEquivalentTo(
            own.Where(entry => entry.Value.is_floating_point() && entry.Key is not ("conv1.weight" or "bn1.weight" or "bn1.bias"))
                .Select(entry => $"average.{entry.Key}"));
        foreach (var (name, value) in average.State()) value.shape.Should().Equal(own[name["average.".Length..]].shape);
    }
}
