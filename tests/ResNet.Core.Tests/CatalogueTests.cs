using ResNet.Core.Inspection;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

/// <summary>Every row of the catalogue against the papers and torchvision.</summary>
public class CatalogueTests
{
    // A deep stem has three convolutions and two further norms instead of the 7×7 convolution:
    // 3·32·9 + 32·32·9 + 32·64·9 + 2·(32 + 32) − 3·64·49.
    private const long DeepStem = 864 + 9_216 + 18_432 + 128 - 9_408;

    private const double DeepStemMultiplyAdds = (864 + 9_216 + 18_432 - 9_408) * 112 * 112 / 1e9;

    // Parameters, and multiply-adds in units of 10⁹ at the network's own image size.
    // Sources: for torchvision's networks its documentation; for original and plain ones He et al. 2015, table 1, with two digits; for
    // CIFAR's Idelbayev's table and, for 1202, the paper's 19.4 M; for D networks torchvision's and the stem; for others see below.
    public static TheoryData<string, long, double, double> Costs => new()
    {
        { "resnet18", 11_689_512, 1.814, 0.001 },
        { "resnet34", 21_797_672, 3.664, 0.001 },
        { "resnet50", 25_557_032, 4.089, 0.001 },
        { "resnet101", 44_549_160, 7.801, 0.001 },
        { "resnet152", 60_192_808, 11.514, 0.001 },
        { "resnext50_32x4d", 25_028_904, 4.230, 0.001 },
        { "resnext101_32x8d", 88_791_336, 16.414, 0.001 },
        { "resnext101_64x4d", 83_455_272, 15.460, 0.001 },
        { "wide_resnet50_2", 68_883_240, 11.398, 0.001 },
        { "wide_resnet101_2", 126_886_696, 22.753, 0.001 },
        // The place of the stride does not change the parameters. The paper truncates its figures: 3.8, 7.6, 11.3.
        { "resnet50_v1", 25_557_032, 3.8, 0.02 },
        { "resnet101_v1", 44_549_160, 7.6, 0.01 },
        { "resnet152_v1", 60_192_808, 11.3, 0.01 },
        // The projections of stages 2 to 4 cost the same as in other networks, because their pooling comes first.
        { "resnet18d", 11_689_512 + DeepStem, 1.814 + DeepStemMultiplyAdds, 0.001 },
        { "resnet34d", 21_797_672 + DeepStem, 3.664 + DeepStemMultiplyAdds, 0.001 },
        { "resnet50d", 25_557_032 + DeepStem, 4.089 + DeepStemMultiplyAdds, 0.001 },
        { "resnet101d", 44_549_160 + DeepStem, 7.801 + DeepStemMultiplyAdds, 0.001 },
        { "resnet152d", 60_192_808 + DeepStem, 11.514 + DeepStemMultiplyAdds, 0.001 },
        // Multiply-adds by hand: (432 + 6n·16²·9)·32², equally for the three stages; strided convolutions have half.
        { "resnet20", 269_722, CifarMultiplyAdds(3), 1e-9 },
        { "resnet32", 464_154, CifarMultiplyAdds(5), 1e-9 },
        { "resnet44", 658_586, CifarMultiplyAdds(7), 1e-9 },
        { "resnet56", 853_018, CifarMultiplyAdds(9), 1e-9 },
        { "resnet110", 1_727_962, CifarMultiplyAdds(18), 1e-9 },
        { "resnet1202", 19_421_274, CifarMultiplyAdds(200), 1e-9 },
        // Without the projections and their norms: (64·128 + 128·256 + 256·512) + 2·(128 + 256 + 512). The paper: 1.8 and 3.6.
        { "plain18", 11_689_512 - 172_032 - 1_792, 1.8, 0.01 },
        { "plain34", 21_797_672 - 172_032 - 1_792, 3.6, 0.015 },
        { "plain20", 269_722, CifarMultiplyAdds(3), 1e-9 },
        { "plain32", 464_154, CifarMultiplyAdds(5), 1e-9 },
        { "plain44", 658_586, CifarMultiplyAdds(7), 1e-9 },
        { "plain56", 853_018, CifarMultiplyAdds(9), 1e-9 },
        { "plain110", 1_727_962, CifarMultiplyAdds(18), 1e-9 },
        // It has norms at the input of every block but the first, 2·1,408, and at the end, 2·512. It lacks the norms after each block's
        // last convolution, 2·1,920, and after the projections, 2·896.
        { "preact_resnet18", 11_689_512 + (2 * (1_408 + 512 - 1_920 - 896)), 1.814, 0.001 },
        // Likewise: 2·13,056 and 2·2,048 instead of 2·15,104 and 2·3,840.
        { "preact_resnet50", 25_557_032 + (2 * (13_056 + 2_048 - 15_104 - 3_840)), 4.089, 0.001 },
        // Each norm moves to the next block: the norms of 53 inputs and the last one have as many parameters as those of 54 outputs.
        { "preact_resnet110", 1_727_962, CifarMultiplyAdds(18), 1e-9 },
        { "preact_resnet164", PreActResNet164().Parameters, PreActResNet164().MultiplyAdds, 1e-9 },
    };

    // The channels of the stem and of each stage, and the size of each map.
    public static TheoryData<string, int[], int[]> Shapes
    {
        get
        {
            var data = new TheoryData<string, int[], int[]>();
            foreach (string name in new[] { "resnet18", "resnet34", "resnet18d", "resnet34d", "plain18", "plain34", "preact_resnet18" })
                data.Add(name, [64, 64, 128, 256, 512], [56, 56, 28, 14, 7]);
            foreach (string name in new[]
            {
                "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d",
                "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2",
                "resnet50_v1", "resnet101_v1", "resnet152_v1", "resnet50d", "resnet101d", "resnet152d", "preact_resnet50",
            })
            {
                data.Add(name, [64, 256, 512, 1024, 2048], [56, 56, 28, 14, 7]);
            }
            foreach (string name in new[]
            {
                "resnet20", "resnet32", "resnet44", "resnet56", "resnet110", "resnet1202",
                "plain20", "plain32", "plain44", "plain56", "plain110", "preact_resnet110",
            })
            {
                data.Add(name, [16, 16, 32, 64], [32, 32, 16, 8]);
            }
            data.Add("preact_resnet164", [16, 64, 128, 256], [32, 32, 16, 8]);
            return data;
        }
    }

    public static TheoryData<string> Names => [.. ResNets.Names];

    [Fact]
    public void The_tests_know_every_row()
    {
        Costs.Select(row => row[0]).Should().BeEquivalentTo(ResNets.Names);
        Shapes.Select(row => row[0]).Should().BeEquivalentTo(ResNets.Names);
        ResNets.Names.Should().OnlyHaveUniqueItems().And.HaveCount(35);
    }

    [Fact]
    public void Every_row_names_its_paper()
    {
        ResNets.Catalogue.Should().OnlyContain(row => row.Paper.Address.Host == "arxiv.org" && row.Paper.Citation.Length > 20);
        ResNets.Find("resnext50_32x4d").Paper.Citation.Should().Contain("Aggregated Residual Transformations");
        ResNets.Find("preact_resnet18").Paper.Citation.Should().Contain("Identity Mappings");
    }

    [Theory]
    [MemberData(nameof(Costs))]
    public void A_network_has_the_published_parameters_and_multiply_adds(
        string name, long parameters, double multiplyAdds, double tolerance)
    {
        using var network = ResNets.Create(name);
        int size = ResNets.Find(name).ImageSize;
        var summary = ModelSummary.Of(network, size, size);
        summary.Parameters.Should().Be(parameters);
        (summary.MultiplyAdds / 1e9).Should().BeApproximately(multiplyAdds, tolerance * multiplyAdds);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void The_stem_and_each_stage_have_the_papers_shapes(string name, int[] channels, int[] sizes)
    {
        using var network = ResNets.Create(name);
        network.eval();
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        int size = ResNets.Find(name).ImageSize;
        var outputs = network.ForwardStages(zeros([1, 3, size, size]));
        outputs.Select(output => output.shape).Should().BeEquivalentTo(
            channels.Zip(sizes, (count, side) => new long[] { 1, count, side, side }), options => options.WithStrictOrdering());
        var (map, pooled) = network.ForwardFeatures(zeros([2, 3, size, size]));
        map.shape.Should().Equal(2, channels[^1], sizes[^1], sizes[^1]);
        pooled.shape.Should().Equal(2, channels[^1]);
        network.FeatureCount.Should().Be(channels[^1]);
        network.Stages.Should().Be(channels.Length - 1);
    }

    // He et al. 2015b: the deviation is √(2 / fan-out). The standard error of a sample's deviation is σ / √(2n), that of its mean σ / √n.
    [Theory]
    [MemberData(nameof(Names))]
    public void Weights_start_as_Kaimings_and_the_first_loss_is_about_the_logarithm_of_the_classes(string name)
    {
        manual_seed(1);
        using var network = ResNets.Create(name);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var convolution in Leaves.Of(network).OfType<Conv2d>())
        {
            var weight = convolution.weight;
            double deviation = Math.Sqrt(2.0 / (weight.size(0) * weight.size(2) * weight.size(3)));
            double count = weight.numel();
            weight.std().ToDouble().Should().BeApproximately(deviation, 5 * deviation / Math.Sqrt(2 * count));
            weight.mean().ToDouble().Should().BeApproximately(0, 5 * deviation / Math.Sqrt(count));
        }

        // Random labels with equal numbers of a few classes: only the weights add randomness to the loss.
        int classes = network.Options.Classes;
        var labels = tensor([.. randperm(20).data<long>().ToArray().Select(place => place % 10 * (classes / 10))]);
        int size = Math.Min(64, ResNets.Find(name).ImageSize);
        var loss = nn.functional.cross_entropy(network.call(randn([20, 3, size, size])), labels).ToDouble();
        loss.Should().BeApproximately(Math.Log(classes), 0.1 * Math.Log(classes));
    }

    private static double CifarMultiplyAdds(int n)
    {
        // Each of a stage's 2n convolutions costs 16²·9·32²; the first ones of stages 2 and 3 cost half, with half the input channels.
        const double one = 16 * 16 * 9 * 32 * 32;
        return ((3 * 16 * 9 * 32 * 32) + (one * ((6 * n) - 1)) + (64 * 10)) / 1e9;
    }

    // Adds stem, three stages of 18 blocks (norm, 1×1 with the stride, norm, 3×3, norm, 1×1), three projections, last norm, classifier.
    private static (long Parameters, double MultiplyAdds) PreActResNet164()
    {
        const long stem = 3 * 16 * 9;
        long parameters = stem + (2 * 16), multiplyAdds = stem * 32 * 32;
        long input = 16;
        foreach (var (width, size) in new[] { (16L, 32L), (32L, 16L), (64L, 8L) })
        {
            for (int block = 0; block < 18; block++)
            {
                bool first = width == 16 && block == 0;
                long convolutions = (input * width) + (9 * width * width) + (width * 4 * width) + (block == 0 ? input * 4 * width : 0);
                parameters += convolutions + (first ? 0 : 2 * input) + (2 * 2 * width);
                multiplyAdds += convolutions * size * size;
                input = 4 * width;
            }
        }
        return (parameters + (2 * input) + (input * 10) + 10, (multiplyAdds + (input * 10)) / 1e9);
    }
}
