using ResNet.Core.Blocks;
using ResNet.Core.Inspection;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

public class AdaptingTests
{
    public static TheoryData<Norm> Norms =>
    [
        Norm.Batch, Norm.FrozenBatch, Norm.Group(8), Norm.Folded, Norm.From(channels => new BufferedNorm(channels)),
    ];

    [Fact]
    public void Features_are_the_map_and_its_average_and_the_classifier_takes_them()
    {
        manual_seed(1);
        using var network = Small().Build();
        network.eval();
        using var scope = NewDisposeScope();
        var images = randn([2, 3, 32, 48]);
        var (map, pooled) = network.ForwardFeatures(images);
        map.shape.Should().Equal(2, 32, 4, 6);
        pooled.allclose(map.mean([2, 3]), atol: 1e-6).Should().BeTrue();
        map.allclose(network.ForwardStages(images)[^1]).Should().BeTrue();
        var fc = network.get_parameter("fc.weight")!;
        var logits = pooled.matmul(fc.t()) + network.get_parameter("fc.bias")!;
        network.call(images).allclose(logits, atol: 1e-5).Should().BeTrue();
    }

    [Fact]
    public void Features_of_a_pre_activation_network_are_behind_its_last_norm()
    {
        using var network = Small().PreActivation().Build();
        network.eval();
        using var scope = NewDisposeScope();
        var images = randn([2, 3, 32, 32]);
        var last = network.ForwardStages(images)[^1];
        using var norm = nn.BatchNorm2d(32);
        norm.eval();
        network.ForwardFeatures(images).Map.allclose(norm.call(last).relu(), atol: 1e-6).Should().BeTrue();
    }

    [Fact]
    public void A_new_classifier_replaces_the_old_one_and_nothing_else()
    {
        using var network = Small().DType(ScalarType.Float64).Build();
        network.eval();
        using var before = network.get_parameter("layer1.0.conv1.weight")!.detach().clone();
        var former = network.get_parameter("fc.weight")!;
        network.ResetClassifier(7).Should().BeSameAs(network);
        former.IsInvalid.Should().BeTrue();
        network.Options.Classes.Should().Be(7);
        network.named_children().Last().name.Should().Be("fc");
        network.named_children().Last().module.training.Should().BeFalse();
        network.state_dict()["fc.weight"].dtype.Should().Be(ScalarType.Float64);
        network.get_parameter("layer1.0.conv1.weight")!.allclose(before, rtol: 0, atol: 0).Should().BeTrue();
        using var logits = network.call(randn([2, 3, 32, 32], ScalarType.Float64));
        logits.shape.Should().Equal(2, 7);
        var refused = () => network.ResetClassifier(0);
        refused.Should().Throw<ArgumentException>().WithMessage("ResNetOptions.Classes is 0, but has to be at least 1.*");
        network.Options.Classes.Should().Be(7);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Frozen_stages_do_not_move_over_ten_steps_nor_do_their_statistics(bool preActivation)
    {
        manual_seed(2);
        using var network = Small().PreActivation(preActivation).StochasticDepth(0.5).Build();
        network.Freeze(1);
        var before = Copy(network);
        using var optimizer = optim.SGD(network.parameters(), 0.05, momentum: 0.9, weight_decay: 1e-3, nesterov: true);
        for (int i = 0; i < 10; i++) Step(network, optimizer);
        foreach (var (name, value) in network.state_dict())
        {
            bool frozen = name.StartsWith("conv1", StringComparison.Ordinal)
                || name.StartsWith("bn1", StringComparison.Ordinal)
                || name.StartsWith("layer1", StringComparison.Ordinal);
            value.allclose(before[name], rtol: 0, atol: 0).Should().Be(frozen, "{0} is {1}", name, frozen ? "frozen" : "free");
            before[name].Dispose();
        }
    }

    [Fact]
    public void What_is_free_again_moves_again()
    {
        manual_seed(3);
        using var network = Small().Build();
        network.Freeze(2).Unfreeze();
        var before = Copy(network);
        using var optimizer = optim.SGD(network.parameters(), 0.05);
        Step(network, optimizer);
        foreach (var (name, value) in network.state_dict())
        {
            value.allclose(before[name], rtol: 0, atol: 0).Should().BeFalse("{0} is free", name);
            before[name].Dispose();
        }
    }

    [Fact]
    public void Freezing_fewer_stages_frees_the_others_and_the_stem_alone_can_be_frozen()
    {
        using var network = Small().Build();
        network.Freeze(2).Freeze(0);
        network.named_parameters().Where(entry => !entry.parameter.requires_grad).Select(entry => entry.name)
            .Should().Equal("conv1.weight", "bn1.weight", "bn1.bias");
        var refused = () => network.Freeze(3);
        refused.Should().Throw<ArgumentOutOfRangeException>()
            .WithMessage("There is no stage 3 to freeze until: this network has 0, the stem, to 2.*");
    }

    [Fact]
    public void Freezing_leaves_alone_what_others_froze_and_holds_through_a_move()
    {
        using var network = Small().Build();
        network.get_parameter("layer1.0.conv1.weight")!.requires_grad = false;
        network.Freeze(1);
        network.to(ScalarType.Float64);
        network.Unfreeze();
        network.named_parameters().Where(entry => !entry.parameter.requires_grad).Select(entry => entry.name)
            .Should().Equal("layer1.0.conv1.weight");
    }

    [Fact]
    public void With_the_last_stage_only_the_classifier_trains()
    {
        using var network = Small().PreActivation().Build();
        network.Freeze(2);
        network.named_parameters().Where(entry => entry.parameter.requires_grad).Select(entry => entry.name)
            .Should().Equal("fc.weight", "fc.bias");
        network.named_children().Single(child => child.name == "norm").module.training.Should().BeFalse();
    }

    // The scope does not dispose the buffers and parameters of norms.
    [Theory]
    [MemberData(nameof(Norms))]
    public void A_network_made_in_a_dispose_scope_outlives_it(Norm norm)
    {
        ResNetModel network;
        using (NewDisposeScope()) network = Small().Norm(norm).Build();
        using (network)
        {
            network.Freeze(1);
            using (NewDisposeScope()) network.ResetClassifier(3);
            using var logits = network.call(zeros([2, 3, 32, 32]));
            logits.shape.Should().Equal(2, 3);
        }
    }

    [Fact]
    public void What_is_made_in_inference_mode_can_be_trained()
    {
        ResNetModel network;
        using (inference_mode())
        {
            network = Small().Build();
            network.ResetClassifier(4);
        }
        using (network)
        using (var optimizer = optim.SGD(network.parameters(), 0.1))
        {
            using var before = network.get_parameter("fc.weight")!.detach().clone();
            Step(network, optimizer);
            network.get_parameter("fc.weight")!.allclose(before, rtol: 0, atol: 0).Should().BeFalse();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_factory_of_norms_may_set_their_weights_where_gradients_are_off(bool inference)
    {
        using var mode = inference ? inference_mode() : no_grad();
        using var network = Small().Norm(Norm.From(channels =>
        {
            var norm = nn.BatchNorm2d(channels);
            norm.weight.fill_(0.5);
            return norm;
        })).Build();
        network.parameters().Should().OnlyContain(parameter => parameter.requires_grad);
        is_grad_enabled().Should().BeFalse();
        is_inference_mode_enabled().Should().Be(inference);
    }

    [Fact]
    public void A_network_that_was_disposed_of_says_so_and_keeps_files_as_they_are()
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");
        var network = Small().Build();
        network.SaveWeights(path);
        long length = new FileInfo(path).Length;
        network.Dispose();
        using var images = rand([2, 3, 32, 32]);
        Action[] uses =
        [
            () => network.SaveWeights(path), () => network.LoadWeights(path), () => network.call(images), () => network.Freeze(1),
            () => network.ResetClassifier(2), () => network.FuseForInference(),
            () => network.ToChannelsLast(), () => ModelSummary.Of(network, 32, 32),
        ];
        foreach (var use in uses) use.Should().Throw<ObjectDisposedException>();
        new FileInfo(path).Length.Should().Be(length);
        File.Delete(path);
    }

    [Fact]
    public void A_frozen_network_stays_so_inside_of_another_module()
    {
        using var network = Small().Build();
        network.Freeze(1);
        using var outer = nn.Sequential(("backbone", network));
        outer.eval();
        outer.train();
        var modes = network.named_children().ToDictionary(child => child.name, child => child.module.training);
        modes.Should().Contain("bn1", false).And.Contain("layer1", false).And.Contain("layer2", true).And.Contain("fc", true);
    }

    [Fact]
    public void Evaluation_mode_gives_each_module_its_own_mode_back()
    {
        using var network = Small().Build();
        network.Freeze(1);
        var inside = network.named_children().Single(child => child.name == "layer2").module;
        inside.eval();
        using (new EvaluationMode(network)) network.training.Should().BeFalse();
        network.training.Should().BeTrue();
        inside.training.Should().BeFalse();
        network.named_children().Single(child => child.name == "layer1").module.training.Should().BeFalse();
        network.named_children().Single(child => child.name == "fc").module.training.Should().BeTrue();
    }

    private sealed class BufferedNorm : nn.Module<Tensor, Tensor>
    {
        private readonly Tensor scale;

        internal BufferedNorm(int channels) : base(nameof(BufferedNorm))
        {
            scale = ones([channels, 1, 1]);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => input * scale;
    }

    private static ResNetBuilder Small() => new ResNetBuilder().StageDepths(1, 1).StageWidths(16, 32).Classes(4);

    private static Dictionary<string, Tensor> Copy(ResNetModel network) =>
        network.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());

    private static void Step(ResNetModel network, optim.Optimizer optimizer)
    {
        using var scope = NewDisposeScope();
        network.train();
        var loss = nn.functional.cross_entropy(network.call(randn([8, 3, 32, 32])), randint(4, [8]));
        network.zero_grad();
        loss.backward();
        optimizer.step();
    }
}
