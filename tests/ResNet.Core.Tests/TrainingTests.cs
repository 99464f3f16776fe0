using ResNet.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

public class TrainingTests
{
    [Theory]
    [InlineData("resnet18")]
    [InlineData("resnet50")]
    public void A_training_step_changes_every_parameter_and_every_running_statistic(string name)
    {
        manual_seed(1);
        using var network = ResNets.Create(name, classes: 4);
        var before = network.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());
        using var optimizer = optim.SGD(network.parameters(), 0.1, momentum: 0.9, nesterov: true);
        Step(network, optimizer, randn([4, 3, 64, 64]), tensor(new long[] { 0, 1, 2, 3 }));
        foreach (var (key, value) in network.state_dict())
        {
            value.allclose(before[key], rtol: 0, atol: 0).Should().BeFalse("{0} should have moved", key);
            before[key].Dispose();
        }
    }

    [Fact]
    public void A_small_network_learns_32_images_by_heart()
    {
        manual_seed(2);
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(4).Build();
        using var optimizer = optim.SGD(network.parameters(), 0.05, momentum: 0.9, nesterov: true);
        using var images = randn([32, 3, 32, 32]);
        using var labels = randint(4, [32]);
        for (int i = 0; i < 40; i++) Step(network, optimizer, images, labels);
        network.eval();
        using var scope = NewDisposeScope();
        network.call(images).argmax(1).eq(labels).sum().ToInt64().Should().Be(32);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hundred_training_steps_leave_no_tensor_behind(bool ownKernels)
    {
        manual_seed(3);
        using var network = new ResNetBuilder().StageDepths(1, 1).Classes(4).Build();
        network.TrainingEngine = ownKernels ? TrainingEngine.Kernels : TrainingEngine.Torch;
        using var optimizer = optim.SGD(network.parameters(), 0.05, momentum: 0.9, weight_decay: 1e-4, nesterov: true);
        using var images = randn([4, 3, 32, 32]);
        using var labels = randint(4, [4]);
        // The first step makes the momentum buffers.
        Step(network, optimizer, images, labels);
        long before = LiveTensors.Count();
        for (int i = 0; i < 100; i++) Step(network, optimizer, images, labels);
        Tensor.TotalCount.Should().Be(before);
    }

    [Fact]
    public void A_forward_pass_outside_of_any_scope_leaves_its_result_alone()
    {
        using var network = ResNets.ResNet18(classes: 4);
        network.eval();
        using var inference = inference_mode();
        using var images = zeros([1, 3, 64, 64]);
        long before = LiveTensors.Count();
        var logits = network.call(images);
        Tensor.TotalCount.Should().Be(before + 1);
        logits.Dispose();
    }

    [Fact]
    public void Disposing_of_a_network_disposes_of_all_its_tensors()
    {
        long before = LiveTensors.Count();
        var network = ResNets.ResNet50();
        var tensors = network.state_dict().Values.ToList();
        network.Dispose();
        tensors.Should().OnlyContain(tensor => tensor.IsInvalid);
        // TorchSharp continues to count one tensor for each parameter, even after its disposal.
        Tensor.TotalCount.Should().BeInRange(before, before + tensors.OfType<TorchSharp.Modules.Parameter>().Count());
    }

    [Fact]
    public void Channels_last_changes_the_memory_but_not_the_numbers()
    {
        manual_seed(4);
        using var network = ResNets.ResNet50(classes: 10);
        network.eval();
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var images = randn([2, 3, 64, 64]);
        var expected = network.call(images);
        network.ToChannelsLast();
        network.state_dict()["layer1.0.conv2.weight"].stride().Should().Equal(576, 1, 192, 64);
        var actual = network.call(ResNetModel.ChannelsLast(images));
        actual.allclose(expected, rtol: 1e-3, atol: 1e-3).Should().BeTrue();
    }

    [Fact]
    public void A_seed_gives_the_same_network_again()
    {
        manual_seed(5);
        using var first = ResNets.ResNet18();
        manual_seed(5);
        using var second = ResNets.ResNet18();
        foreach (var (name, value) in first.state_dict())
            value.allclose(second.state_dict()[name], rtol: 0, atol: 0).Should().BeTrue();
    }

    private static void Step(ResNetModel network, optim.Optimizer optimizer, Tensor images, Tensor labels)
    {
        using var scope = NewDisposeScope();
        network.train();
        var loss = nn.functional.cross_entropy(network.call(images), labels);
        network.zero_grad();
        loss.backward();
        optimizer.step();
    }
}
