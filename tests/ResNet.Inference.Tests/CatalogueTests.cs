using ResNet.Core;
using ResNet.Core.Blocks;
using ResNet.Testing;
using static TorchSharp.torch;

namespace ResNet.Inference.Tests;

public sealed class CatalogueTests
{
    private static readonly (int Images, int Height, int Width)[] s_sizes = [(1, 64, 64), (3, 70, 45), (8, 33, 32)];

    // Twelve hundred layers compute the same as fifty-six.
    public static TheoryData<string> Names => [.. ResNets.Catalogue.Select(network => network.Name).Where(name => name != "resnet1202")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_network_gives_the_scores_that_TorchSharp_gives(string name)
    {
        using var saved = new SavedNetwork(name);
        using var model = InferenceModel.Open(saved.File);
        foreach (var (images, height, width) in s_sizes) saved.Deviation(model, images, height, width).Should().BeLessThan(1e-4);
        using var exact = InferenceModel.Open(saved.File, new InferenceOptions { WinogradTile = 0 });
        saved.Deviation(exact, 3, 70, 45).Should().BeLessThan(1e-5);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Every_width_of_vectors_gives_the_scores_that_TorchSharp_gives(VectorWidth width)
    {
        foreach (string name in new[] { "resnet20", "resnet18", "resnext50_32x4d", "resnet18d" })
        {
            using var saved = new SavedNetwork(name);
            foreach (int tile in new[] { 0, 2, 4 })
            {
                using var model = InferenceModel.Open(saved.File, new InferenceOptions { Vectors = width, WinogradTile = tile });
                saved.Deviation(model, 2, 40, 51).Should().BeLessThan(tile == 0 ? 1e-5 : 1e-4, "{0} with tiles of {1}", name, tile);
            }
        }
    }

    [Fact]
    public void Random_options_give_the_scores_that_TorchSharp_gives()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var options = Draw(new Random(seed));
            using var saved = new SavedNetwork(new ResNetModel(options));
            using var model = InferenceModel.Open(saved.File);
            saved.Deviation(model, 3, 33 + (seed % 8), 40).Should().BeLessThan(1e-4, "{0}", options);
        }
    }

    [Fact]
    public void A_network_in_double_precision_is_saved_in_single_precision()
    {
        using var network = ResNets.Create("resnet20", options => options with { DType = ScalarType.Float64 });
        using var saved = new SavedNetwork(network);
        using var model = InferenceModel.Open(saved.File);
        using var images = zeros(1, 3, 32, 32, ScalarType.Float64);
        using var expected = network.call(images);
        var scores = new float[10];
        model.Run(new float[3 * 32 * 32], 1, 32, 32, scores);
        for (int i = 0; i < scores.Length; i++) scores[i].Should().BeApproximately((float)expected[0, i].item<double>(), 1e-4f);
    }

    [Fact]
    public void A_network_with_a_norm_of_somebody_else_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var network = new ResNetModel(new ResNetOptions { Norm = Norm.From(channels => nn.Identity()), Classes = 3 });
        Action save = () => network.SaveForInference(folder.File("saved.safetensors"));
        save.Should().NotThrow("an identity is no layer at all");
        using var other = new ResNetModel(new ResNetOptions { Norm = Norm.From(channels => nn.InstanceNorm2d(channels)), Classes = 3 });
        Action refused = () => other.SaveForInference(folder.File("never.safetensors"));
        refused.Should().Throw<ArgumentException>().WithMessage("The network's layer InstanceNorm2d cannot be saved for inference*");
        Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName).Should().Equal("saved.safetensors");
    }

    private static ResNetOptions Draw(Random random)
    {
        bool bottleneck = random.Next(2) == 0;
        int stages = random.Next(1, 5), width = 4 * random.Next(1, 7);
        var options = new ResNetOptions
        {
            Block = bottleneck ? BlockKind.Bottleneck : BlockKind.Basic,
            PreActivation = random.Next(3) == 0,
            Stem = random.GetItems(Enum.GetValues<StemKind>(), 1)[0],
            StageDepths = [.. Enumerable.Range(0, stages).Select(_ => random.Next(1, 3))],
            StageWidths = [.. Enumerable.Range(0, stages).Select(i => width * (i + 1))],
            Shortcut = random.GetItems(Enum.GetValues<ShortcutKind>(), 1)[0],
            OutputStride = random.GetItems<int?>([null, 8, 16, 32], 1)[0],
            Norm = random.GetItems([Norm.Batch, Norm.FrozenBatch, Norm.Group(2)], 1)[0],
            Classes = random.Next(3, 20),
            InputChannels = random.Next(1, 5),
        };
        return bottleneck
            ? options with
            {
                Groups = random.GetItems([1, 2, 4], 1)[0],
                WidthPerGroup = random.GetItems([32, 64, 128], 1)[0],
                StridePlacement = random.GetItems(Enum.GetValues<StridePlacement>(), 1)[0],
            }
            : options;
    }
}
