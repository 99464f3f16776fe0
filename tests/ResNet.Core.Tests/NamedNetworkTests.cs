using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

/// <summary>The named networks against the results of torchvision 0.14 with the same seed.</summary>
public class NamedNetworkTests
{
    [Fact]
    public void The_same_seed_gives_the_same_weights_and_leaves_the_generator_alone()
    {
        manual_seed(7);
        using var before = rand(3);
        manual_seed(7);
        using var one = ResNets.Create("resnet20", seed: 5);
        using var after = rand(3);
        using var two = ResNets.Create("resnet20", seed: 5);
        using var other = ResNets.Create("resnet20", seed: 6);
        using var published = ResNets.Create("resnet20", pretrained: false, seed: 5);
        after.data<float>().Should().Equal(before.data<float>());
        foreach (var (name, weights) in one.state_dict())
        {
            two.state_dict()[name].Equals(weights).Should().BeTrue(name);
            published.state_dict()[name].Equals(weights).Should().BeTrue(name);
        }
        other.state_dict()["conv1.weight"].Equals(one.state_dict()["conv1.weight"]).Should().BeFalse();
    }

    [Fact]
    public void The_state_dict_interleaves_parameters_and_statistics()
    {
        using var network = ResNets.ResNet18();
        network.state_dict().Keys.Take(8).Should().Equal(
            "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked",
            "layer1.0.conv1.weight", "layer1.0.bn1.weight");
        network.state_dict().Keys.Should().ContainInOrder(
            "layer2.0.bn2.num_batches_tracked", "layer2.0.downsample.0.weight", "layer2.0.downsample.1.weight", "fc.weight", "fc.bias");
    }

    // In double precision, because these steps multiply rounding errors by a thousand, differently in each version of libtorch.
    [Fact]
    public void Three_training_steps_give_torchvisions_losses_weights_and_statistics()
    {
        manual_seed(0);
        using var network = ResNets.Create("resnet18", options => options with { Classes = 10, DType = ScalarType.Float64 });
        using var optimizer = optim.SGD(network.parameters(), 0.05, momentum: 0.9, weight_decay: 5e-4, nesterov: true);
        using var pattern = Images.Pattern(4, 3, 64, 64);
        using var images = pattern.to(ScalarType.Float64);
        using var labels = tensor(new long[] { 1, 3, 5, 7 });
        var losses = new List<double>();
        for (int i = 0; i < 3; i++)
        {
            using var scope = NewDisposeScope();
            var loss = nn.functional.cross_entropy(network.call(images), labels, label_smoothing: 0.1);
            losses.Add(loss.ToDouble());
            network.zero_grad();
            loss.backward();
            optimizer.step();
        }
        ShouldBe(losses, 2.3001145815509716, 1.9683066790245305, 4.362432036517431);
        ShouldBe(Values("bn1.running_mean")[..2], 0.007662558222150074, 0.007575070721403929);
        ShouldBe(Values("layer4.1.bn2.running_var")[..2], 0.8347395948150069, 0.805899844544826);
        ShouldBe(Values("fc.bias")[..3], 0.01052354871825488, 0.011216766988376838, -0.0349692752061235);

        double[] Values(string name) => network.state_dict()[name].data<double>().ToArray();

        static void ShouldBe(IEnumerable<double> ours, params double[] theirs) =>
            ours.Should().Equal(theirs, (found, expected) => Math.Abs(found - expected) < 1e-6 * Math.Abs(expected));
    }

    [Fact]
    public void Names_are_found_in_any_case_and_by_method()
    {
        using var byName = ResNets.Create("ResNet34", classes: 7, inputChannels: 1);
        using var byMethod = ResNets.ResNet34(7, 1);
        byName.Options.Should().Be(byMethod.Options);
        byName.Options.Classes.Should().Be(7);
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_nearest_ones()
    {
        var create = () => ResNets.Create("resnet51");
        create.Should().Throw<InvalidOptionException>()
            .WithMessage("ResNets.name is 'resnet51', but has to be the name of a network; the nearest are resnet50, resnet*");
    }
}
