using TorchSharp.Modules;
using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp.Tests;

/// <summary>The loss of classification against PyTorch's, with its gradient.</summary>
public class CrossEntropyTests
{
    private sealed record Case(Func<Tensor, Tensor, Tensor> Loss, double[] Value, double[] Gradient);

    // x = pattern(5, 4); target = torch.tensor([2, 0, 3, 1, 2]); w = torch.tensor([0.5, 1., 2., 0.25])
    // y = F.cross_entropy(x, target, …); (y * torch.arange(1., 6.)).sum().backward(), or y.backward() where y is one number
    private static readonly Dictionary<string, Case> Losses = new()
    {
        ["mean"] = new(
            (x, t) => F.cross_entropy(x, t),
            [2.046272],
            [
                0.00949934, 0.05466493, -0.1798899, 0.11572565, -0.15309218, 0.017256426, 0.09930388, 0.036531854, 0.020724524,
                0.119261384, 0.043873813, -0.18385972, 0.04690783, -0.18274358, 0.09930388, 0.036531854, 0.020724524, 0.119261384,
                -0.15612619, 0.016140275
            ]),
        ["sum"] = new(
            (x, t) => F.cross_entropy(x, t, reduction: nn.Reduction.Sum),
            [10.23136],
            [
                0.0474967, 0.27332464, -0.89944947, 0.57862824, -0.76546085, 0.08628213, 0.4965194, 0.18265927, 0.103622615, 0.5963069,
                0.21936907, -0.91929865, 0.23453915, -0.91371787, 0.4965194, 0.18265927, 0.103622615, 0.5963069, -0.78063095, 0.08070137
            ]),
        ["none"] = new(
            (x, t) => F.cross_entropy(x, t, reduction: nn.Reduction.None),
            [2.297095, 1.4501327, 2.5169997, 2.4501328, 1.5169997],
            [
                0.0474967, 0.27332464, -0.89944947, 0.57862824, -1.5309217, 0.17256425, 0.9930388, 0.36531854, 0.31086785, 1.7889208,
                0.6581072, -2.757896, 0.9381566, -3.6548715, 1.9860775, 0.7306371, 0.5181131, 2.9815345, -3.9031546, 0.40350688
            ]),
        ["weighted mean"] = new(
            (x, t) => F.cross_entropy(x, t, W()),
            [1.988285],
            [
                0.016520591, 0.09506944, -0.312852, 0.201262, -0.06656181, 0.007502794, 0.0431756, 0.015883414, 0.004505331, 0.025926389,
                0.009537785, -0.039969508, 0.040789418, -0.15890746, 0.0863512, 0.03176683, 0.03604265, 0.20741111, -0.2715238,
                0.028070044
            ]),
        ["weighted sum"] = new(
            (x, t) => F.cross_entropy(x, t, W(), reduction: nn.Reduction.Sum),
            [11.432638],
            [
                0.0949934, 0.5466493, -1.7988989, 1.1572565, -0.38273042, 0.043141063, 0.2482597, 0.091329634, 0.025905654, 0.14907673,
                0.054842267, -0.22982466, 0.23453915, -0.91371787, 0.4965194, 0.18265927, 0.20724523, 1.1926138, -1.5612619, 0.16140275
            ]),
        ["a class ignored"] = new(
            (x, t) => F.cross_entropy(x, t, ignore_index: 2),
            [2.1390884],
            [
                0, 0, 0, 0, -0.25515363, 0.028760709, 0.16550647, 0.060886424, 0.034540873, 0.19876897, 0.07312302, -0.30643287,
                0.07817972, -0.30457264, 0.16550647, 0.060886424, 0, 0, 0, 0
            ]),
        ["a class ignored, none"] = new(
            (x, t) => F.cross_entropy(x, t, ignore_index: 2, reduction: nn.Reduction.None),
            [0, 1.4501327, 2.5169997, 2.4501328, 0],
            [
                0, 0, 0, 0, -1.5309217, 0.17256425, 0.9930388, 0.36531854, 0.31086785, 1.7889208, 0.6581072, -2.757896, 0.9381566,
                -3.6548715, 1.9860775, 0.7306371, 0, 0, 0, 0
            ]),
        ["-100 ignored"] = new(
            (x, t) => F.cross_entropy(x, t.masked_fill(t.eq(2), -100)),
            [2.1390884],
            [
                0, 0, 0, 0, -0.25515363, 0.028760709, 0.16550647, 0.060886424, 0.034540873, 0.19876897, 0.07312302, -0.30643287,
                0.07817972, -0.30457264, 0.16550647, 0.060886424, 0, 0, 0, 0
            ]),
        ["smoothed mean"] = new(
            (x, t) => F.cross_entropy(x, t, label_smoothing: 0.1),
            [2.008772],
            [
                0.0044993395, 0.049664926, -0.16488989, 0.11072564, -0.13809216, 0.012256423, 0.09430386, 0.031531848, 0.015724521,
                0.114261374, 0.03887381, -0.16885972, 0.041907825, -0.16774356, 0.09430386, 0.031531848, 0.015724521, 0.114261374,
                -0.14112617, 0.011140274
            ]),
        ["smoothed sum"] = new(
            (x, t) => F.cross_entropy(x, t, reduction: nn.Reduction.Sum, label_smoothing: 0.1),
            [10.04386],
            [
                0.022496695, 0.24832462, -0.8244494, 0.5536282, -0.6904608, 0.061282117, 0.47151932, 0.15765925, 0.07862261, 0.5713069,
                0.19436905, -0.8442986, 0.20953912, -0.8387178, 0.47151932, 0.15765925, 0.07862261, 0.5713069, -0.7056309, 0.055701368
            ]),
        ["smoothed none"] = new(
            (x, t) => F.cross_entropy(x, t, reduction: nn.Reduction.None, label_smoothing: 0.1),
            [2.2470949, 1.4626327, 2.4357498, 2.362633, 1.5357497],
            [
                0.022496695, 0.24832462, -0.8244494, 0.5536282, -1.3809216, 0.122564234, 0.94303864, 0.3153185, 0.23586781, 1.7139206,
                0.5831072, -2.5328958, 0.83815646, -3.3548713, 1.8860773, 0.630637, 0.39311308, 2.8565345, -3.5281546, 0.27850688
            ]),
        ["smoothed, weighted, a class ignored"] = new(
            (x, t) => F.cross_entropy(x, t, W(), 3, label_smoothing: 0.1),
            [1.8717651],
            [
                0.014081248, 0.08956518, -0.30174226, 0.19809584, -0.060903512, 0.0039847097, 0.0399968, 0.016921995, 0, 0, 0, 0,
                0.040104233, -0.1525922, 0.080621116, 0.031866845, 0.03340642, 0.20077384, -0.26083085, 0.026650583
            ]),
        ["as a module"] = new(
            (x, t) => nn.CrossEntropyLoss().call(x, t),
            [2.046272],
            [
                0.00949934, 0.05466493, -0.1798899, 0.11572565, -0.15309218, 0.017256426, 0.09930388, 0.036531854, 0.020724524,
                0.119261384, 0.043873813, -0.18385972, 0.04690783, -0.18274358, 0.09930388, 0.036531854, 0.020724524, 0.119261384,
                -0.15612619, 0.016140275
            ]),
        ["as a weighted module"] = new(
            (x, t) => nn.CrossEntropyLoss(W(), 3, nn.Reduction.Sum).call(x, t),
            [10.803389],
            [
                0.0949934, 0.5466493, -1.7988989, 1.1572565, -0.38273042, 0.043141063, 0.2482597, 0.091329634, 0, 0, 0, 0, 0.23453915,
                -0.91371787, 0.4965194, 0.18265927, 0.20724523, 1.1926138, -1.5612619, 0.16140275
            ]),
        ["as a smoothing module"] = new(
            (x, t) => new CrossEntropyLoss(label_smoothing: 0.1).call(x, t),
            [2.008772],
            [
                0.0044993395, 0.049664926, -0.16488989, 0.11072564, -0.13809216, 0.012256423, 0.09430386, 0.031531848, 0.015724521,
                0.114261374, 0.03887381, -0.16885972, 0.041907825, -0.16774356, 0.09430386, 0.031531848, 0.015724521, 0.114261374,
                -0.14112617, 0.011140274
            ]),
    };

    private static Tensor W() => tensor(new[] { 0.5f, 1f, 2f, 0.25f });

    public static TheoryData<string> LossNames => [.. Losses.Keys];

    [Theory]
    [MemberData(nameof(LossNames))]
    public void Cross_entropy_gives_PyTorchs_loss_and_gradient(string name)
    {
        var expected = Losses[name];
        var x = Pattern([5, 4]).requires_grad_();
        var loss = expected.Loss(x, tensor(new[] { 2L, 0L, 3L, 1L, 2L }));
        loss.ShouldBe(expected.Value.Length == 1 ? [] : [5], expected.Value);
        if (loss.ndim == 0) loss.backward();
        else (loss * arange(1, 6)).sum().backward();
        x.grad!.ShouldBe([5, 4], expected.Gradient);
    }

    [Fact]
    public void Cross_entropy_of_probabilities()
    {
        // y = F.cross_entropy(pattern(3, 2), torch.tensor([[0.25, 0.75], [1., 0.], [0.5, 0.5]]), label_smoothing=0.1)
        F.cross_entropy(Pattern([3, 2]), tensor(new[] { 0.25f, 0.75f, 1f, 0f, 0.5f, 0.5f }, [3, 2]), label_smoothing: 0.1).ShouldBe(1.0924866);
    }

    [Fact]
    public void Cross_entropy_of_images()
    {
        // y = F.cross_entropy(pattern(2, 3, 2, 2), torch.tensor([[[0, 1], [2, 0]], [[1, 1], [2, 2]]]))
        var target = tensor(new[] { 0L, 1L, 2L, 0L, 1L, 1L, 2L, 2L }, [2, 2, 2]);
        F.cross_entropy(Pattern([2, 3, 2, 2]), target).ShouldBe(1.5244378);
    }

    [Fact]
    public void Cross_entropy_of_large_logits_is_finite()
    {
        // y = F.cross_entropy(torch.tensor([[1000., 0.], [0., 1000.]]), torch.tensor([0, 0]))
        F.cross_entropy(tensor(new[] { 1000f, 0f, 0f, 1000f }, [2, 2]), tensor(new[] { 0L, 0L })).ShouldBe(500);
    }

    [Fact]
    public void Cross_entropy_of_a_class_that_does_not_exist_is_refused()
    {
        // F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 3]))
        LibtorchError(() => F.cross_entropy(zeros(2, 3), tensor(new[] { 0L, 3L }))).Should().Be(
            "Target 3 is out of bounds.");
        LibtorchError(() => F.cross_entropy(zeros(2, 3), tensor(new[] { 0L }))).Should().Be(
            "Expected input batch_size (2) to match target batch_size (1).");
    }

    [Fact]
    public void A_loss_knows_its_settings()
    {
        using var plain = nn.CrossEntropyLoss();
        plain.reduction.Should().Be(nn.Reduction.Mean);
        plain.label_smoothing.Should().Be(0);
        plain.weight.Should().BeNull();
        using var loss = new CrossEntropyLoss(ignore_index: 1, reduction: nn.Reduction.Sum, label_smoothing: 0.1);
        loss.ignore_index.Should().Be(1);
        loss.reduction.Should().Be(nn.Reduction.Sum);
        loss.label_smoothing.Should().Be(0.1);
        loss.parameters().Should().BeEmpty();
    }
}
