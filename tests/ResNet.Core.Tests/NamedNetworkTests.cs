using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

/// <summary>The named networks against what torchvision 0.14 computes after the same seed.</summary>
public class NamedNetworkTests
{
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

    [Fact]
    public void Three_training_steps_give_torchvisions_losses_weights_and_statistics()
    {
        manual_seed(0);
        using var network = ResNets.ResNet18(classes: 10);
        using var optimizer = optim.SGD(network.parameters(), 0.05, momentum: 0.9, weight_decay: 5e-4, nesterov: true);
        using var images = Images.Pattern(4, 3, 64, 64);
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
        losses.Should().Equal([2.3001155853271484, 1.9833844900131226, 4.194852352142334], (ours, theirs) => Math.Abs(ours - theirs) < 2e-3 * theirs);
        Values("bn1.running_mean")[..2].Should().Equal([0.0079096f, 0.0080466f], (ours, theirs) => Math.Abs(ours - theirs) < 1e-4);
        Values("layer4.1.bn2.running_var")[..2].Should().Equal([0.82605f, 0.82340f], (ours, theirs) => Math.Abs(ours - theirs) < 1e-3);
        Values("fc.bias")[..3].Should().Equal([0.010524f, 0.010145f, -0.034969f], (ours, theirs) => Math.Abs(ours - theirs) < 1e-3);

        float[] Values(string name) => network.state_dict()[name].data<float>().ToArray();
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
        create.Should().Throw<ArgumentException>().WithMessage("There is no network 'resnet51'; the nearest names are resnet50, resnet*");
    }
}
