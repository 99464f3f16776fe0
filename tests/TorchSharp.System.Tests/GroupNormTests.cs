using TorchSharp.Modules;
using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp.Tests;

/// <summary>Group normalisation, as a function and as a layer, against PyTorch's.</summary>
public class GroupNormTests
{
    // The layer starts with whatever memory holds.
    private static GroupNorm Layer(long groups, long channels, Tensor weight, Tensor bias)
    {
        var layer = nn.GroupNorm(groups, channels);
        using var _ = no_grad();
        layer.weight.copy_(weight);
        layer.bias!.copy_(bias);
        return layer;
    }

    [Fact]
    public void Group_norm_gives_PyTorchs_results_and_gradients()
    {
        // x = pattern(2, 4, 2, 3).requires_grad_(); w = pattern(4, start=3).requires_grad_(); b = pattern(4, start=1).requires_grad_()
        // y = F.group_norm(x, 2, w, b); (y * pattern(2, 4, 2, 3, start=2)).sum().backward()
        using var layer = Layer(2, 4, Pattern([4], 3), Pattern([4], 1));
        var x = Pattern([2, 4, 2, 3]).requires_grad_();
        var y = layer.call(x);
        double[] values = [
            -1.2214293, 1.4076629, -0.0946756, 2.5344167, 1.0320783, -0.4702602, -0.1682336, -0.46870127, -0.769169, -0.24335052, -0.5438182,
            -0.84428585, 0.80324125, 1.7779877, 0.07218148, 1.0469279, 2.0216744, 0.31586808, 0.19584742, -1.1038145, 1.1705939, -0.12906805,
            -1.4287299, 0.8456783, -0.24459791, 2.5984123, 0.97383505, -0.65074223, 2.192268, 0.56769073, -0.8113773, -0.24277525,
            -0.56769073, -0.8926062, -0.3240041, -0.6489196, 0.21714239, 1.1185454, 2.0199485, 0.44249314, 1.3438962, 2.245299, 1.0262082,
            -0.17566253, -1.3775332, 0.7257405, -0.4761302, 1.6271435
        ];
        y.ShouldBe([2, 4, 2, 3], values, 2e-6);
        (y * Pattern([2, 4, 2, 3], 2)).sum().backward();
        x.grad!.ShouldBe([2, 4, 2, 3], [
            -0.8029749, 1.7331526, 0.28393692, -1.3113662, 1.3708488, -0.078366995, -0.47179934, 0.107141756, -0.14020325, -0.53363556,
            0.045305498, -0.20203951, -1.3232425, -0.10505188, 0.44366705, -1.0186949, 0.19949578, 0.7482147, 0.991659, -0.06455862,
            -1.7902479, 0.72760457, -0.32861304, 1.5197678, 0.1899738, -0.7384529, 1.7067571, -0.3156206, -1.2440473, 1.2011626, -0.49629954,
            -0.12506443, 0.045737304, -0.67697847, 0.58777416, -0.13494164, 0.6682821, -0.8750767, 0.06042278, 0.90215695, -0.64120185,
            0.29429764, -1.4930602, 0.6443099, -0.5234643, 1.5201406, 0.35236633, -0.9091732
        ], 2e-6);
        layer.weight.grad!.ShouldBe([4], [-1.659787, -1.240168, -3.2803533, -0.44751367], 2e-6);
        layer.bias!.grad!.ShouldBe([4], [1.5, -1.75, 0.5, 0], 2e-6);
        F.group_norm(x, 2, layer.weight, layer.bias).ShouldBe([2, 4, 2, 3], values, 2e-6);
        layer.eval();
        layer.call(x).ShouldBe([2, 4, 2, 3], values, 2e-6);
    }

    [Fact]
    public void Group_norm_takes_one_group_or_one_for_each_channel_and_any_epsilon()
    {
        // x = pattern(1, 4, 3); F.group_norm(x, 1); F.group_norm(x, 4); F.group_norm(x, 2, eps=1.)
        var x = Pattern([1, 4, 3]);
        F.group_norm(x, 1).ShouldBe([1, 4, 3], [
            -1.3771435, 0.72613025, -0.47574046, 1.6275332, 0.42566255, -0.7762081, 1.3270655, 0.12519486, -1.0766758, 1.0265979, -0.17527281,
            -1.3771435
        ], 2e-6);
        F.group_norm(x, 4).ShouldBe([1, 4, 3], [
            -1.1624651, 1.2787114, -0.116246514, 1.2247356, 0, -1.2247356, 1.2247356, 0, -1.2247356, 1.2247356, 0, -1.2247356
        ], 2e-6);
        double[] smoothed = [
            -0.8944271, 0.44721362, -0.31943828, 1.0222025, 0.25555062, -0.5111012, 0.867365, 0.096373886, -0.6746172, 0.6746172,
            -0.096373886, -0.867365
        ];
        F.group_norm(x, 2, eps: 1).ShouldBe([1, 4, 3], smoothed, 2e-6);
        using var plain = nn.GroupNorm(2, 4, eps: 1, affine: false);
        plain.call(x).ShouldBe([1, 4, 3], smoothed, 2e-6);
        plain.parameters().Should().BeEmpty();
    }

    [Fact]
    public void Group_norm_can_scale_without_shifting_and_shift_without_scaling()
    {
        // x = pattern(1, 4, 3); F.group_norm(x, 2, pattern(4, start=3)); F.group_norm(x, 2, None, pattern(4, start=3))
        var x = Pattern([1, 4, 3]);
        F.group_norm(x, 2, weight: Pattern([4], 3)).ShouldBe([1, 4, 3], [
            -1.7413026, 0.87065136, -0.62189376, 0.39801204, 0.09950301, -0.19900602, -1.02147, -0.11349666, 0.7944766, 1.0593021, -0.15132888,
            -1.3619599
        ], 2e-6);
        F.group_norm(x, 2, bias: Pattern([4], 3)).ShouldBe([1, 4, 3], [
            -0.14304212, 1.946521, 0.752485, 1.8420482, 0.64801204, -0.5460241, 0.6119599, -0.59867114, -1.8093021, 2.059302, 0.8486712,
            -0.36195984
        ], 2e-6);
    }

    [Fact]
    public void Group_norm_knows_how_it_was_made_and_names_its_state()
    {
        using var layer = nn.GroupNorm(2, 6, eps: 1e-3);
        (layer.num_groups, layer.eps, layer.affine).Should().Be((2L, 1e-3, true));
        layer.state_dict().Keys.Should().Equal("weight", "bias");
        foreach (var parameter in layer.parameters())
        {
            parameter.shape.Should().Equal(6);
            parameter.requires_grad.Should().BeTrue();
        }
        nn.init.ones_(layer.weight);
        nn.init.zeros_(layer.bias!);
        layer.state_dict()["weight"].ShouldBe([6], [1, 1, 1, 1, 1, 1]);
        layer.state_dict()["bias"].ShouldBe([6], [0, 0, 0, 0, 0, 0]);
    }

    [Fact]
    public void Group_norm_moves_to_another_element_type()
    {
        // m = torch.nn.GroupNorm(2, 4).double(); m.weight.copy_(pattern(4, start=3)); m.bias.copy_(pattern(4, start=1)); m(pattern(1, 4, 3).double())
        using var layer = Layer(2, 4, Pattern([4], 3), Pattern([4], 1));
        layer.to(ScalarType.Float64).Should().BeSameAs(layer);
        layer.weight.dtype.Should().Be(ScalarType.Float64);
        layer.bias!.dtype.Should().Be(ScalarType.Float64);
        layer.state_dict()["weight"].Should().BeSameAs(layer.weight);
        layer.state_dict()["bias"].Should().BeSameAs(layer.bias);
        layer.weight.requires_grad.Should().BeTrue();
        layer.call(Pattern([1, 4, 3]).to(float64)).ShouldBe([1, 4, 3], [
            -1.241302669664972, 1.3706513348324858, -0.12189381059463289, -0.10198796121943499, -0.40049699030485875, -0.6990060193902825,
            0.22853010913518212, 1.1365033454594646, 2.044476581783747, 1.3093021090449963, 0.09867112727928634, -1.1119598544864235
        ], 1e-12);
        using var made = nn.GroupNorm(2, 4, dtype: ScalarType.Float64);
        made.weight.dtype.Should().Be(ScalarType.Float64);
        made.bias!.dtype.Should().Be(ScalarType.Float64);
    }

    [Fact]
    public void Group_norm_refuses_groups_weights_and_inputs_that_do_not_fit()
    {
        // F.group_norm(torch.zeros(1, 4, 3), 3); torch.group_norm(torch.zeros(1, 4, 3), 0); F.group_norm(torch.zeros(1, 4, 3), 2, torch.ones(3))
        using var layer = nn.GroupNorm(3, 4);
        LibtorchError(() => layer.call(zeros([1, 4, 3]))).Should().Be(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape [1, 4, 3] and num_groups=3");
        LibtorchError(() => F.group_norm(zeros([1, 4, 3]), 0)).Should().Be("Expected num groups to be greater than 0, got 0");
        LibtorchError(() => F.group_norm(zeros([1, 4, 3]), 2, ones(3))).Should().Be(
            "Expected weight to be a vector of size equal to the number of channels in input, but got weight of shape [3] and input of shape [1, 4, 3]");
        // TorchSharp asks for more than channels, PyTorch does not.
        layer.Invoking(l => l.call(zeros(2, 4))).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Group_norms_parameters_can_be_replaced_and_go_with_the_layer()
    {
        var layer = Layer(1, 2, ones(2), zeros(2));
        Parameter old = layer.weight, bias = layer.bias!;
        layer.weight = nn.Parameter(full([2], 2f));
        old.IsInvalid.Should().BeTrue();
        layer.state_dict()["weight"].Should().BeSameAs(layer.weight);
        layer.bias = null;
        bias.IsInvalid.Should().BeTrue();
        layer.state_dict().Keys.Should().Equal("weight");
        var weight = layer.weight;
        layer.Dispose();
        weight.IsInvalid.Should().BeTrue();
    }
}
