using System.Security.Cryptography;
using System.Text;
using ResNet.Core.Blocks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Tests;

/// <summary>
/// The networks against stored results of other implementations: torchvision 0.14.1 and timm 1.0.29.dev0 (aa4b5850), both on
/// PyTorch 1.13, or a few lines of PyTorch written from the paper if neither has the network.
/// </summary>
/// <remarks>
/// The values are three logits of the first image and the mean absolute value of all logits, in evaluation mode, for
/// (arange % 251) / 125 - 1 as [2, 3, size, size]. Unless noted otherwise, both sides have the weights of <see cref="Fill"/>, and the
/// reference computes in double precision.
/// </remarks>
public class ReferenceNetworkTests
{
    // SHA-256 of the "name shape" lines in the order of the state_dict: torchvision's first, then timm's.
    [Theory]
    [InlineData("resnet18", 122, "278a49eb0887b86f46af4fa313c334a140d13465551e164c8cd686ee255fa5f1")]
    [InlineData("resnet34", 218, "26e5bfec5d7bd93c58e79600d46d4ad03259ba951d105954f9ec7a154d0da135")]
    [InlineData("resnet50", 320, "5443a3642294ffe3e25bab86283253cedbb5e447af118aac8046deb1c802f0f6")]
    [InlineData("resnet101", 626, "3e6f9b42d8dc5b54e4a534c4e371ccedf031c0fc0cafc6d8bb47ee4ac083b63e")]
    [InlineData("resnet152", 932, "7f803617c6ea9a36732dd76efedd5da17dcf43be70767ffcd9cd552f482527cb")]
    [InlineData("resnext50_32x4d", 320, "0abce7b5946143a0e26de8994b4795ff68f33c12560e910d2e9bff5271a10ec8")]
    [InlineData("resnext101_32x8d", 626, "6b6116b87294ce62c4756e85953dd4d15e98ca2ef33f7e357e95cb5daf5d2071")]
    [InlineData("resnext101_64x4d", 626, "aa5691090d752e7f7d214a770004db2a9435c05aa926882820df350726008e53")]
    [InlineData("wide_resnet50_2", 320, "88e322fe2596df451cb0902cea4515c052084d40d8f422d669ea4bc1dce797df")]
    [InlineData("wide_resnet101_2", 626, "dee8f3ed6b3b044b10224a31f7acb2c5287101587f97ea4b5dcc9f02de7ec89f")]
    [InlineData("resnet18d", 134, "c12541b76bb6e82e6ce99a23032ff37ba28f50dd4aecb2c85187fb5a05784c8c")]
    [InlineData("resnet34d", 230, "c1a8d6b2ed258b4385b41729605c98ee96611919ea0fd79f6b9aa45a1d11a90f")]
    [InlineData("resnet50d", 332, "e2375829a1f0f61caa447e071c0093319e2314f5250b655c218b3a9f8a032420")]
    [InlineData("resnet101d", 638, "21cb866313242e5e27a34beb36257be3d63a168af8c4616513d248f92ca907d6")]
    [InlineData("resnet152d", 944, "fe0d536e7ca88bc480e747beb04bb0b9adef6715fb43c2b46b000283b221b9da")]
    public void The_state_dict_has_the_references_names_and_shapes_in_its_order(string name, int count, string hash)
    {
        using var network = ResNets.Create(name);
        var lines = network.state_dict().Select(entry => $"{entry.Key} [{string.Join(',', entry.Value.shape)}]").ToList();
        lines.Should().HaveCount(count);
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines)))).Should().Be(hash);
    }

    [Theory]

    // torchvision.models.NAME().
    [InlineData("resnet18", 64, -0.7662022, 0.02046887, -0.414191, 0.4521101)]
    [InlineData("resnext50_32x4d", 64, -2.425447, -0.9880912, -1.653412, 0.5770939)]
    [InlineData("wide_resnet50_2", 64, -2.234011, -0.31421, -0.4556795, 0.5257536)]

    // timm.models.resnet.NAME(); with 72×72 pixels, the shortcuts pool maps of odd sizes.
    [InlineData("resnet18d", 64, 0.02883566, -1.008219, 0.424176, 0.3472387)]
    [InlineData("resnet18d", 72, -0.002147542, -0.8906067, 0.3159496, 0.3299062)]
    [InlineData("resnet34d", 64, 1.868311, 1.785399, -0.1970002, 0.7840755)]
    [InlineData("resnet50d", 64, -4.462965, -1.351559, -0.2886823, 0.8415582)]

    // The structure of resnet20 in https://github.com/akamaster/pytorch_resnet_cifar10, option A.
    [InlineData("resnet20", 32, 0.01201723, 0.3391306, 0.7065381, 0.4498596)]

    // Written from He et al. 2016 (https://arxiv.org/abs/1603.05027): figure 4e and the appendix.
    [InlineData("preact_resnet18", 64, -0.1964893, 0.05928442, -0.3828421, 0.3682779)]
    [InlineData("preact_resnet164", 32, 5.376828, 6.815926, -21.99464, 69.30095)]
    public void With_the_same_weights_a_network_computes_what_the_reference_does(
        string name, int size, double first, double second, double third, double mean)
    {
        using var network = ResNets.Create(name);
        Fill(network);
        ShouldCompute(network, size, [first, second, third], mean);
    }

    [Theory]

    // torchvision.models.resnet50(replace_stride_with_dilation=[False, True, True] for 8, [False, False, True] for 16).
    [InlineData("resnet50", 8, -3.938413, -0.7803484, -1.987288, 0.7594712)]
    [InlineData("resnet50", 16, -3.850058, -0.685943, -1.916942, 0.7412414)]

    // timm.models.resnet.NAME(output_stride=8 or 16); torchvision has no dilation in basic blocks.
    [InlineData("resnet18", 8, -0.862857, 0.1612682, -0.5307287, 0.4685558)]
    [InlineData("resnet18", 16, -0.8405551, 0.1500868, -0.4512114, 0.4619015)]
    [InlineData("resnet18d", 8, -0.0490184, -0.9523208, 0.324336, 0.3213209)]
    [InlineData("resnet18d", 16, -0.1041429, -0.9137239, 0.260919, 0.2998288)]
    public void A_dilated_network_computes_what_the_reference_does(
        string name, int outputStride, double first, double second, double third, double mean)
    {
        using var network = ResNets.Create(name, options => options with { OutputStride = outputStride });
        Fill(network);
        ShouldCompute(network, 64, [first, second, third], mean);
    }

    // torchvision.models.resnet18(norm_layer=torchvision.ops.FrozenBatchNorm2d): the same as with batch norms.
    [Fact]
    public void Frozen_batch_norms_compute_what_torchvisions_do()
    {
        using var network = ResNets.Create("resnet18", options => options with { Norm = Norm.FrozenBatch });
        network.state_dict().Should().HaveCount(102);
        Fill(network);
        ShouldCompute(network, 64, [-0.7662022, 0.02046887, -0.414191], 0.4521101);
    }

    // torchvision.models.resnet18(norm_layer=lambda channels: torch.nn.GroupNorm(32, channels)).
    [Fact]
    public void Group_norms_compute_what_torchs_do()
    {
        using var network = ResNets.Create("resnet18", options => options with { Norm = Norm.Group(32) });
        network.state_dict().Should().HaveCount(62);
        Fill(network);
        ShouldCompute(network, 64, [0.3492333, 1.316412, -1.396628], 0.7888029);
    }

    // torchvision.models.NAME() after torch.manual_seed(0), in single precision.
    [Theory]
    [InlineData("resnet18", 0.309577, 0.292544, -0.297551, 0.2714724838733673)]
    [InlineData("resnet34", 1.830457, -2.974185, -11.957504, 4.556963920593262)]
    [InlineData("resnet50", -0.705745, -4.730135, 1.798763, 4.312554836273193)]
    [InlineData("resnet101", -1140.575439, -625.075134, -1014.856812, 1143.841552734375)]
    [InlineData("resnext50_32x4d", 0.001906753, -0.03745748, -0.03856394, 0.02014816)]
    [InlineData("wide_resnet50_2", 0.01945955, -3.253178, 2.760125, 3.18736)]
    public void After_the_same_seed_a_network_computes_what_torchvisions_does(
        string name, double first, double second, double third, double mean)
    {
        manual_seed(0);
        using var network = ResNets.Create(name);
        ShouldCompute(network, 64, [first, second, third], mean);
    }

    // torchvision.models.NAME(zero_init_residual=True) after torch.manual_seed(0), in single precision.
    [Theory]
    [InlineData("resnet18", "bn2", -0.03937009, -0.01339913, 0.01937293, 0.03270711)]
    [InlineData("resnet50", "bn3", -0.02537674, 0.01744636, 0.005112109, 0.01488976)]
    public void Branches_that_start_at_zero_are_torchvisions(
        string name, string last, double first, double second, double third, double mean)
    {
        manual_seed(0);
        using var network = ResNets.Create(name, options => options with { ZeroInitLastNorm = true });
        foreach (var (key, weight) in network.state_dict()
            .Where(entry => entry.Key.EndsWith(".weight", StringComparison.Ordinal) && entry.Value.ndim == 1))
        {
            bool zero = key.StartsWith("layer", StringComparison.Ordinal) && key.EndsWith($".{last}.weight", StringComparison.Ordinal);
            weight.data<float>().Should().AllBeEquivalentTo(zero ? 0f : 1f, key);
        }
        ShouldCompute(network, 64, [first, second, third], mean);
    }

    private static void ShouldCompute(ResNetModel network, int size, double[] head, double mean)
    {
        network.eval();
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var logits = network.call(Images.Pattern(2, 3, size, size));
        logits[0].data<float>().ToArray()[..head.Length].Should().Equal(head, (ours, theirs) => Math.Abs(ours - theirs) <= 1e-4 * mean);
        logits.abs().mean().ToDouble().Should().BeApproximately(mean, 1e-4 * mean);
    }

    // Element k of the state_dict's entry i, without the batch counts, is centre + spread * ((7 k² + 1301 i) % 9973 / 4986 - 1):
    // convolutions and classifiers 0 ± √(3 / fan-in), variances 1 ± 0.3, weights of norms 1 ± 0.2, means and biases 0 ± 0.1.
    private static void Fill(ResNetModel network)
    {
        using var _ = no_grad();
        int i = 0;
        foreach (var (name, target) in network.state_dict())
        {
            string kind = name[(name.LastIndexOf('.') + 1)..];
            if (kind == "num_batches_tracked") continue;
            var (centre, spread) = (target.ndim, kind) switch
            {
                ( > 1, _) => (0, Math.Sqrt(3.0 * target.size(0) / target.numel())),
                (_, "running_var") => (1, 0.3),
                (_, "weight") => (1, 0.2),
                _ => (0, 0.1),
            };
            var values = new float[target.numel()];
            for (long k = 0; k < values.Length; k++)
                values[k] = (float)(centre + (spread * (((((7 * k * k) + (1301 * i)) % 9973) / 4986.0) - 1)));
            using var source = tensor(values, target.shape);
            target.copy_(source);
            i++;
        }
    }
}
