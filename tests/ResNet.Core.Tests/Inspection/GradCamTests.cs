using ResNet.Core.Blocks;
using ResNet.Core.Inspection;
using ResNet.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Inspection;

public class GradCamTests
{
    // In the last stage, the gradient of a class is its row of the classifier divided by the map's size, and Grad-CAM equals CAM
    // (Zhou et al. 2016), as in the paper's section 3.1.
    [Fact]
    public void On_the_last_stage_it_is_the_class_activation_map_of_the_classifiers_weights()
    {
        manual_seed(1);
        using var network = Small().Build();
        using var scope = NewDisposeScope();
        var images = randn([3, 3, 32, 48]);
        var map = GradCam.Compute(network, images, [2, 0, 1]);

        network.eval();
        using var _ = no_grad();
        var features = network.ForwardFeatures(images).Map;
        var weights = network.get_parameter("fc.weight")!.index_select(0, tensor(new long[] { 2, 0, 1 }));
        var seen = (weights.reshape(3, -1, 1, 1) * features).sum(1, keepdim: true).relu();
        var enlarged = nn.functional.interpolate(seen, [32, 48], mode: InterpolationMode.Bilinear, align_corners: false).squeeze(1);
        var expected = enlarged / enlarged.flatten(1).max(1, keepdim: true).Item1.unsqueeze(2);
        map.shape.Should().Equal(3, 32, 48);
        map.allclose(expected, rtol: 1e-4, atol: 1e-5).Should().BeTrue();
    }

    // A channel's weight is the change of the logit per change of the whole channel; a hook changes the channel to measure it.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void On_any_stage_channels_are_weighed_by_what_they_are_worth_to_the_class(int stage)
    {
        manual_seed(2);
        using var network = Small().DType(ScalarType.Float64).Build();
        network.eval();
        using var scope = NewDisposeScope();
        var image = randn([1, 3, 32, 32], ScalarType.Float64);
        var map = GradCam.Compute(network, image, [0], stage);

        using var _ = no_grad();
        var layer = (nn.Module<Tensor, Tensor>)network.named_children().Single(child => child.name == $"layer{stage}").module;
        var activation = network.ForwardStages(image)[stage];
        long channels = activation.size(1);
        const double step = 1e-5;
        var worth = new double[channels];
        for (int i = 0; i < channels; i++) worth[i] = (Score(i, step) - Score(i, -step)) / (2 * step);
        var seen = (tensor(worth).reshape(1, -1, 1, 1) * activation).sum(1, keepdim: true).relu();
        var enlarged = nn.functional.interpolate(seen, [32, 32], mode: InterpolationMode.Bilinear, align_corners: false).squeeze(1);
        enlarged.max().ToDouble().Should().BeGreaterThan(0);
        map.to(ScalarType.Float64).allclose(enlarged / enlarged.max(), rtol: 1e-3, atol: 1e-4).Should().BeTrue();

        double Score(int channel, double change)
        {
            var hook = layer.register_forward_hook((_, _, output) =>
            {
                var changed = output.clone();
                changed.select(1, channel).add_(change);
                return changed;
            });
            double score = network.call(image)[0, 0].ToDouble();
            hook.remove();
            return score;
        }
    }

    // A map of a single pixel would have the same value everywhere.
    [Theory]
    [InlineData(8, 1)]
    [InlineData(28, 2)]
    [InlineData(96, 3)]
    [InlineData(97, 4)]
    public void Without_a_stage_it_is_the_last_that_has_four_pixels_across(int side, int stage)
    {
        manual_seed(7);
        using var network = ResNets.ResNet18(classes: 2);
        using var scope = NewDisposeScope();
        var images = randn([1, 3, side, side + 40]);
        GradCam.Compute(network, images).allclose(GradCam.Compute(network, images, stage: stage), rtol: 0, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void Without_classes_each_images_likeliest_one_is_looked_for()
    {
        manual_seed(3);
        using var network = Trained();
        using var scope = NewDisposeScope();
        var images = zeros([4, 1, 32, 32]);
        images[TensorIndex.Slice(0, 2), 0, TensorIndex.Slice(5, 15), TensorIndex.Slice(5, 15)] = tensor(1f);
        network.eval();
        var likeliest = network.call(images).argmax(1).data<long>().ToArray().Select(index => (int)index).ToArray();
        likeliest.Should().Equal(1, 1, 0, 0);
        GradCam.Compute(network, images).allclose(GradCam.Compute(network, images, likeliest), rtol: 0, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void It_is_hot_where_the_object_is_and_cold_elsewhere()
    {
        manual_seed(4);
        using var network = Trained();
        using var scope = NewDisposeScope();
        // A bright square at the lower right is class 1.
        var image = zeros([1, 1, 32, 32]);
        image[TensorIndex.Ellipsis, TensorIndex.Slice(20, 30), TensorIndex.Slice(18, 28)] = tensor(1f);
        var map = GradCam.Compute(network, image, [1], stage: 2)[0];
        double inside = map[TensorIndex.Slice(20, 30), TensorIndex.Slice(18, 28)].mean().ToDouble();
        double farAway = map[TensorIndex.Slice(0, 8), TensorIndex.Slice(0, 8)].mean().ToDouble();
        inside.Should().BeGreaterThan(0.4).And.BeGreaterThan(4 * farAway);
    }

    [Fact]
    public void Values_go_from_zero_to_one_and_the_network_stays_as_it_is()
    {
        manual_seed(5);
        using var network = Small().PreActivation().Build();
        network.Freeze(1);
        using var images = randn([5, 3, 32, 32]);
        using var mean = network.state_dict()["bn1.running_mean"].clone();
        long tensors = LiveTensors.Count();
        for (int stage = 1; stage <= 2; stage++)
        {
            using var map = GradCam.Compute(network, images, stage: stage);
            using var least = map.min();
            least.ToDouble().Should().BeGreaterThanOrEqualTo(0);
            using var flat = map.flatten(1);
            var (greatest, places) = flat.max(1);
            greatest.data<float>().ToArray().Should().OnlyContain(value => value == 0 || Math.Abs(value - 1) < 1e-6);
            greatest.Dispose();
            places.Dispose();
        }
        Tensor.TotalCount.Should().Be(tensors);
        network.training.Should().BeTrue();
        network.named_children().Single(child => child.name == "layer1").module.training.Should().BeFalse();
        network.parameters().Select(parameter => parameter.grad is null).Should().NotContain(false);
        network.state_dict()["bn1.running_mean"].allclose(mean, rtol: 0, atol: 0).Should().BeTrue();
    }

    [Fact]
    public void A_map_without_anything_positive_is_zero_and_not_a_number_nowhere()
    {
        using var network = Small().Build();
        using var scope = NewDisposeScope();
        using (no_grad()) nn.init.zeros_(network.get_parameter("fc.weight")!);
        GradCam.Compute(network, randn([1, 3, 32, 32])).abs().sum().ToDouble().Should().Be(0);
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        using var network = Small().Build();
        using var images = randn([2, 3, 32, 32]);
        Refusal(() => GradCam.Compute(network, images, stage: 3))
            .Should().StartWith("GradCam.stage is 3, but has to be one of this network's stages, 1 to 2.");
        Refusal(() => GradCam.Compute(network, images, [1]))
            .Should().StartWith("The number of classes is 1, but that of the images is 2: give one for each.");
        Refusal(() => GradCam.Compute(network, images, [1, 4])).Should().StartWith("There is no class 4: this network has 0 to 3.");
        using var inference = inference_mode();
        var within = () => GradCam.Compute(network, images);
        within.Should().Throw<InvalidOperationException>().WithMessage("*call it outside of inference_mode().");
    }

    private static ResNetBuilder Small() => new ResNetBuilder().StageDepths(1, 1).StageWidths(16, 32).Classes(4);

    // Trains a network to distinguish empty pictures (class 0) from pictures with a bright square anywhere (class 1).
    private static ResNetModel Trained()
    {
        var network = new ResNetBuilder().Stem(StemKind.Cifar).StageDepths(1, 1).StageWidths(8, 16).Classes(2).InputChannels(1).Build();
        using var optimizer = optim.SGD(network.parameters(), 0.05, momentum: 0.9);
        var places = new Random(1);
        for (int i = 0; i < 100; i++)
        {
            using var scope = NewDisposeScope();
            var images = randn([32, 1, 32, 32]) * 0.05;
            for (int j = 0; j < 16; j++)
            {
                int top = places.Next(22), left = places.Next(22);
                images[j, 0, TensorIndex.Slice(top, top + 10), TensorIndex.Slice(left, left + 10)].add_(1);
            }
            var labels = tensor([.. Enumerable.Range(0, 32).Select(j => j < 16 ? 1L : 0L)]);
            var loss = nn.functional.cross_entropy(network.call(images), labels);
            network.zero_grad();
            loss.backward();
            optimizer.step();
        }
        return network;
    }

    private static string Refusal<T>(Func<T> compute) => compute.Should().Throw<ArgumentException>().Which.Message;
}
