using ResNet.Core.Blocks;
using ResNet.Core.Inspection;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

public class OptionCombinationTests
{
    private static readonly Norm[] s_norms =
    [
        Norm.Batch, Norm.FrozenBatch, Norm.Group(4), Norm.From(channels => nn.BatchNorm2d(channels, eps: 1e-3)),
    ];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 40)];

    // Each valid combination computes, trains and can be inspected, fused, explained and saved.
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Options_that_fit_together_make_a_network_that_does_everything(int seed)
    {
        var options = Draw(new Random(seed));
        manual_seed(seed);
        using var network = new ResNetModel(options);
        using var scope = NewDisposeScope();
        int height = 33 + (seed % 8), width = 40;
        var images = randn([3, options.InputChannels, height, width], options.DType);

        network.call(images).shape.Should().Equal(3, options.Classes);
        network.ForwardStages(images).Should().HaveCount(options.StageDepths.Count + 1);
        var before = network.get_parameter("fc.weight")!.detach().clone();
        using var optimizer = optim.SGD(network.parameters(), 0.01);
        var loss = nn.functional.cross_entropy(network.call(images), tensor(new long[] { 0, 1, 2 }));
        loss.backward();
        optimizer.step();
        network.get_parameter("fc.weight")!.allclose(before, rtol: 0, atol: 0).Should().BeFalse();
        network.named_parameters().Where(entry => entry.parameter.grad is null).Select(entry => entry.name)
            .Should().BeEmpty("every parameter takes part");

        var summary = ModelSummary.Of(network, height, width, batch: 3);
        summary.Layers.Sum(layer => layer.Parameters).Should().Be(summary.Parameters);
        GradCam.Compute(network, images, stage: 1).shape.Should().Equal(3, height, width);

        network.eval();
        using var _ = no_grad();
        var expected = network.call(images);
        if (options.Norm != Norm.Batch && options.Norm != Norm.FrozenBatch) return;
        using var fused = network.FuseForInference();
        double tolerance = options.DType == ScalarType.Float64 ? 1e-10 : 1e-4;
        (fused.call(images) - expected).abs().max().ToDouble().Should().BeLessThan(tolerance * expected.abs().max().ToDouble());
    }

    private static ResNetOptions Draw(Random random)
    {
        bool bottleneck = random.Next(2) == 0;
        int stages = random.Next(1, 5);
        var options = new ResNetOptions
        {
            Block = bottleneck ? BlockKind.Bottleneck : BlockKind.Basic,
            PreActivation = random.Next(3) == 0,
            Stem = random.GetItems(Enum.GetValues<StemKind>(), 1)[0],
            StageDepths = [.. Enumerable.Range(0, stages).Select(_ => random.Next(1, 3))],
            StageWidths = [.. Enumerable.Range(0, stages).Select(i => 8 * (i + 1))],
            Shortcut = random.GetItems(Enum.GetValues<ShortcutKind>(), 1)[0],
            OutputStride = random.GetItems<int?>([null, 8, 16, 32], 1)[0],
            Norm = random.GetItems(s_norms, 1)[0],
            Dropout = random.Next(2) * 0.3,
            Classes = random.Next(3, 7),
            InputChannels = random.Next(1, 5),
            DType = random.Next(2) == 0 ? ScalarType.Float32 : ScalarType.Float64,
        };
        if (bottleneck)
        {
            options = options with
            {
                Groups = random.GetItems([1, 2, 4], 1)[0],
                WidthPerGroup = random.GetItems([32, 64, 128], 1)[0],
                StridePlacement = random.GetItems(Enum.GetValues<StridePlacement>(), 1)[0],
            };
        }
        return options.Shortcut == ShortcutKind.None ? options : options with { StochasticDepth = random.Next(2) * 0.2 };
    }
}
