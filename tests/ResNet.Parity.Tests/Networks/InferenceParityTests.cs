using ResNet.Core;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Testing;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>torchvision's networks in evaluation mode, with weights and images that PyTorch drew.</summary>
public sealed class InferenceParityTests(ITestOutputHelper output) : IDisposable
{
    // Sums of thousands of products differ by some 1e-6 if their order differs.
    private const double Limit = 1e-4;

    // PyTorch computes both sides, with weights that should have the same bits.
    private const double RoundTripLimit = 1e-6;

    private static readonly string[] s_sizes = ["224x224", "197x131"];

    private readonly TemporaryFolder _folder = new();

    // The files of a large network have two gigabytes.
    public void Dispose() => _folder.Dispose();

    [ParityTheory]
    [InlineData("resnet18")]
    [InlineData("resnet34")]
    [InlineData("resnet50")]
    [InlineData("resnet101")]
    [InlineData("resnet152")]
    [InlineData("resnext50_32x4d")]
    [InlineData("resnext101_32x8d")]
    [InlineData("resnext101_64x4d")]
    [InlineData("wide_resnet50_2")]
    [InlineData("wide_resnet101_2")]
    public void A_network_reads_PyTorchs_weights_computes_what_PyTorch_does_and_writes_weights_that_PyTorch_reads(string name)
    {
        Reference.Run("draw", name, _folder.Path);
        using var deviations = new Deviations(name, output);
        using var network = ResNets.Create(name);
        network.eval();
        network.LoadWeights(At("weights-legacy.pth"));
        ShouldHaveTheWeightsOf(network, At("weights.pth"));

        using var expected = WeightsFile.Load(At("expected.pth"));
        foreach (string size in s_sizes) ShouldCompute(network, size, expected, deviations);

        network.SaveWeights(At("saved.pth"), format: WeightsFormat.PyTorch);
        Reference.Run("verify", name, At("saved.pth"), _folder.Path);
        using var verified = WeightsFile.Load(At("verified.pth"));
        foreach (string size in s_sizes)
        {
            string logits = $"{size}.logits";
            deviations.Compare(
                "saved and computed by PyTorch again", logits, verified.Tensors[logits], expected.Tensors[logits], RoundTripLimit);
        }
    }

    private static void ShouldHaveTheWeightsOf(ResNetModel network, string path)
    {
        using var file = WeightsFile.Load(path);
        var own = network.state_dict();
        file.Tensors.Keys.Should().Equal(own.Keys);
        foreach (var (name, stored) in file.Tensors)
        {
            own[name].dtype.Should().Be(stored.dtype, name);
            own[name].bytes.SequenceEqual(stored.bytes).Should().BeTrue("{0} should be the same bits in both files", name);
        }
    }

    private static void ShouldCompute(ResNetModel network, string size, WeightsFile expected, Deviations deviations)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var images = expected.Tensors[$"{size}.input"];
        Compare("logits", "logits", network.call(images));
        var stages = network.ForwardStages(images);
        stages.Should().HaveCount(5);
        Compare("stem", "stem", stages[0]);
        for (int i = 1; i < stages.Count; i++) Compare("stages", $"layer{i}", stages[i]);
        Compare("pooled", "pooled", network.ForwardFeatures(images).Pooled);

        void Compare(string kind, string key, Tensor ours) =>
            deviations.Compare(kind, $"{size}.{key}", ours, expected.Tensors[$"{size}.{key}"], Limit);
    }

    private string At(string file) => Path.Combine(_folder.Path, file);
}
