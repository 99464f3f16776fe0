using System.Runtime.InteropServices;
using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TorchSharp.Tests;

/// <summary>Average pooling, padding and interpolation: results and gradients against PyTorch's.</summary>
public class PoolingAndPaddingTests
{
    [Fact]
    public void Average_pooling_gives_the_mean_of_each_window()
    {
        // x = pattern(1, 2, 5, 5).requires_grad_(); y = F.avg_pool2d(x, 2); (y * pattern(1, 2, 2, 2, start=1)).sum().backward()
        var x = Pattern([1, 2, 5, 5]).requires_grad_();
        var y = F.avg_pool2d(x, 2);
        y.ShouldBe([1, 2, 2, 2], [-0.125, -0.0625, -0.5, 0.25, 0.3125, -0.3125, -0.0625, 0]);
        (y * Pattern([1, 2, 2, 2], 1)).sum().backward();
        x.grad!.ShouldBe([1, 2, 5, 5], [
            0.125, 0.125, -0.125, -0.125, 0, 0.125, 0.125, -0.125, -0.125, 0, 0.3125, 0.3125, 0.0625, 0.0625, 0, 0.3125, 0.3125, 0.0625,
            0.0625, 0, 0, 0, 0, 0, 0, -0.1875, -0.1875, 0.25, 0.25, 0, -0.1875, -0.1875, 0.25, 0.25, 0, 0, 0, -0.25, -0.25, 0, 0, 0,
            -0.25, -0.25, 0, 0, 0, 0, 0, 0
        ]);
    }

    [Fact]
    public void Average_pooling_moves_and_divides_by_its_window_unless_told_otherwise()
    {
        // x = pattern(1, 1, 5, 5); F.avg_pool2d(x, 3, stride=1); F.avg_pool2d(x, 2, ceil_mode=True); F.avg_pool2d(pattern(2, 3, 3), 2, stride=1)
        // F.avg_pool2d(x, 2, divisor_override=2); F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False, divisor_override=1)
        var x = Pattern([1, 1, 5, 5]);
        F.avg_pool2d(x, 3, stride: 1).ShouldBe([1, 1, 3, 3], [
            -0.22222222, 0, 0.22222222, -0.027777778, -0.11111111, 0.11111111, -0.1388889, -0.22222222, 0
        ]);
        F.avg_pool2d(x, 2, ceil_mode: true).ShouldBe([1, 1, 3, 3], [-0.125, -0.0625, 0.5, -0.5, 0.25, 0.125, 0.25, -0.375, -0.5]);
        F.avg_pool2d(Pattern([2, 3, 3]), 2, stride: 1).ShouldBe([2, 2, 2], [0.1875, -0.125, 0.625, -0.375, 0.125, -0.1875, -0.125, 0.25]);
        F.avg_pool2d(x, 2, divisor_override: 2).ShouldBe([1, 1, 2, 2], [-0.25, -0.125, -1, 0.5]);
        F.avg_pool2d(x, 3, stride: 2, padding: 1, count_include_pad: false, divisor_override: 1).ShouldBe([1, 1, 3, 3], [
            -0.5, 1.25, 1.25, -1.75, -1, -0.5, 0, -0.75, -1
        ]);
    }

    [Fact]
    public void Average_pooling_counts_the_padding_unless_told_otherwise()
    {
        // x = pattern(1, 1, 4, 4)
        // F.avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True); F.avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)
        var x = Pattern([1, 1, 4, 4]);
        F.avg_pool2d(x, 3, stride: 2, padding: 1, ceil_mode: true).ShouldBe([1, 1, 3, 3], [
            -0.1388889, 0.16666667, 0.20833333, -0.083333336, 0.055555556, -0.16666667, 0, 0.16666667, 0.0625
        ]);
        F.avg_pool2d(x, 3, stride: 2, padding: 1, ceil_mode: true, count_include_pad: false).ShouldBe([1, 1, 3, 3], [
            -0.3125, 0.25, 0.625, -0.125, 0.055555556, -0.33333334, 0, 0.33333334, 0.25
        ]);
    }

    [Fact]
    public void Average_pooling_without_the_padding_has_PyTorchs_gradient()
    {
        // x = pattern(1, 1, 5, 5).requires_grad_(); y = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        // (y * pattern(1, 1, 3, 3, start=1)).sum().backward()
        var x = Pattern([1, 1, 5, 5]).requires_grad_();
        var y = F.avg_pool2d(x, 3, stride: 2, padding: 1, count_include_pad: false);
        y.ShouldBe([1, 1, 3, 3], [-0.125, 0.20833333, 0.3125, -0.29166666, -0.11111111, -0.083333336, 0, -0.125, -0.25]);
        (y * Pattern([1, 1, 3, 3], 1)).sum().backward();
        x.grad!.ShouldBe([1, 1, 5, 5], [
            0.125, 0.041666664, -0.083333336, 0.22916666, 0.3125, 0.16666667, 0, -0.16666667, 0.3125, 0.4791667, 0.041666668, -0.041666668,
            -0.083333336, 0.083333336, 0.16666667, 0.041666668, -0.20833334, -0.25, 0.104166664, 0.3541667, 0, -0.16666667, -0.16666667,
            0.020833328, 0.1875
        ]);
    }

    [Fact]
    public void Average_pooling_refuses_windows_that_do_not_fit()
    {
        // F.avg_pool2d(torch.zeros(1, 1, 2, 2), 3); F.avg_pool2d(torch.zeros(1, 1, 4, 4), 2, padding=2)
        LibtorchError(() => F.avg_pool2d(zeros(1, 1, 2, 2), 3)).Should().Be(
            "Given input size: (1x2x2). Calculated output size: (1x0x0). Output size is too small");
        // Later versions of PyTorch add to the first half of this sentence.
        LibtorchError(() => F.avg_pool2d(zeros(1, 1, 4, 4), 2, padding: 2)).Should().StartWith("pad should be at most half of");
    }

    [FactBeyondTorchSharp("takes a divisor of 0 for none")]
    public void Average_pooling_refuses_to_divide_by_zero()
    {
        // F.avg_pool2d(torch.zeros(1, 1, 4, 4), 2, divisor_override=0)
        LibtorchError(() => F.avg_pool2d(zeros(1, 1, 4, 4), 2, divisor_override: 0)).Should().Be("divisor must be not zero");
    }

    [Fact]
    public void Padding_starts_with_the_last_dimension()
    {
        // x = pattern(1, 2, 2, 3).requires_grad_(); y = F.pad(x, (1, 0, 0, 1)); (y * pattern(1, 2, 3, 4, start=1)).sum().backward()
        var x = Pattern([1, 2, 2, 3]).requires_grad_();
        var y = F.pad(x, [1, 0, 0, 1]);
        y.ShouldBe([1, 2, 3, 4], [0, -1.25, 0.5, -0.5, 0, 1.25, 0.25, -0.75, 0, 0, 0, 0, 0, 1, 0, -1, 0, 0.75, -0.25, -1.25, 0, 0, 0, 0]);
        (y * Pattern([1, 2, 3, 4], 1)).sum().backward();
        x.grad!.ShouldBe([1, 2, 2, 3], [-0.5, 1.25, 0.25, 1, 0, -1, 1.25, 0.25, -0.75, 0, -1, 0.75]);
    }

    [Fact]
    public void Padding_has_any_value_and_reaches_the_channels_too()
    {
        // F.pad(pattern(2, 3), (1, 2), value=-1.5); F.pad(pattern(1, 2, 1, 2), (0, 0, 0, 0, 1, 2))
        F.pad(Pattern([2, 3]), [1, 2], value: -1.5).ShouldBe([2, 6], [-1.5, -1.25, 0.5, -0.5, -1.5, -1.5, -1.5, 1.25, 0.25, -0.75, -1.5, -1.5]);
        F.pad(Pattern([1, 2, 1, 2]), [0, 0, 0, 0, 1, 2]).ShouldBe([1, 5, 1, 2], [0, 0, -1.25, 0.5, -0.5, 1.25, 0, 0, 0, 0]);
    }

    [Fact]
    public void Negative_padding_cuts_off()
    {
        // x = pattern(2, 4).requires_grad_(); y = F.pad(x, (-1, 1, 0, -1), value=9.); y.sum().backward()
        var x = Pattern([2, 4]).requires_grad_();
        var y = F.pad(x, [-1, 1, 0, -1], value: 9);
        y.ShouldBe([1, 4], [0.5, -0.5, 1.25, 9]);
        y.sum().backward();
        x.grad!.ShouldBe([2, 4], [0, 1, 1, 1, 0, 0, 0, 0]);
    }

    [Fact]
    public void Padding_of_half_a_dimension_or_of_too_many_is_an_error()
    {
        // F.pad(torch.zeros(2, 2), (1,)); F.pad(torch.zeros(2), (1, 1, 1, 1))
        var half = () => F.pad(zeros(2, 2), [1]);
        half.Should().Throw<ExternalException>();
        var tooMany = () => F.pad(zeros(2), [1, 1, 1, 1]);
        tooMany.Should().Throw<ExternalException>();
    }

    [FactBeyondTorchSharp("pads in every way")]
    public void Padding_other_than_with_a_constant_is_not_supported()
    {
        foreach (var mode in new[] { PaddingModes.Zeros, PaddingModes.Reflect, PaddingModes.Replicate, PaddingModes.Circular })
        {
            var act = () => F.pad(ones(1, 1, 3, 3), [1, 1, 1, 1], mode);
            act.Should().Throw<NotSupportedException>();
        }
    }

    [Fact]
    public void Bilinear_interpolation_takes_pixels_as_squares_unless_told_otherwise()
    {
        // x = pattern(1, 2, 2, 3).requires_grad_(); y = F.interpolate(x, size=(3, 5), mode='bilinear', align_corners=False)
        // (y * pattern(1, 2, 3, 5, start=1)).sum().backward()
        var x = Pattern([1, 2, 2, 3]).requires_grad_();
        var y = F.interpolate(x, [3, 5], mode: InterpolationMode.Bilinear, align_corners: false);
        double[] values = [
            -1.25, -0.54999995, 0.49999994, -0.10000008, -0.5, 0, 0.15, 0.37499994, -0.22500008, -0.625, 1.25, 0.8499999, 0.24999993,
            -0.35000008, -0.75, 1, 0.59999996, 0, -0.6000001, -1, 0.875, 0.47499996, -0.12500006, -0.7250001, -1.125, 0.75, 0.34999996,
            -0.25000006, -0.8500001, -1.25
        ];
        y.ShouldBe([1, 2, 3, 5], values);
        (y * Pattern([1, 2, 3, 5], 1)).sum().backward();
        x.grad!.ShouldBe([1, 2, 2, 3], [
            0.70000005, 0.79999995, -0.49999988, -0.45, -0.1500001, 1.1, -0.65000004, -0.099999905, 0.62499994, -0.6999999, 0.59999985,
            -0.5249999
        ]);
        F.interpolate(x, [3, 5], mode: InterpolationMode.Bilinear).ShouldBe([1, 2, 3, 5], values);
    }

    [Fact]
    public void Bilinear_interpolation_can_keep_the_corners()
    {
        // x = pattern(1, 2, 2, 3).requires_grad_(); y = F.interpolate(x, size=(3, 5), mode='bilinear', align_corners=True)
        // (y * pattern(1, 2, 3, 5, start=1)).sum().backward()
        var x = Pattern([1, 2, 2, 3]).requires_grad_();
        var y = F.interpolate(x, [3, 5], mode: InterpolationMode.Bilinear, align_corners: true);
        y.ShouldBe([1, 2, 3, 5], [
            -1.25, -0.375, 0.5, 0, -0.5, 0, 0.1875, 0.375, -0.125, -0.625, 1.25, 0.75, 0.25, -0.25, -0.75, 1, 0.5, 0, -0.5, -1, 0.875, 0.375,
            -0.125, -0.625, -1.125, 0.75, 0.25, -0.25, -0.75, -1.25
        ]);
        (y * Pattern([1, 2, 3, 5], 1)).sum().backward();
        x.grad!.ShouldBe([1, 2, 2, 3], [0.75, 0.8125, -0.5625, -0.5, 0.0625, 0.9375, -0.6875, -0.1875, 0.75, -0.5625, 0.4375, -0.5]);
    }

    [Fact]
    public void Bilinear_interpolation_shrinks_too()
    {
        // x = pattern(1, 1, 5, 4); F.interpolate(x, size=(2, 3), mode='bilinear', align_corners=False); …, align_corners=True)
        var x = Pattern([1, 1, 5, 4]);
        F.interpolate(x, [2, 3], mode: InterpolationMode.Bilinear, align_corners: false).ShouldBe([1, 1, 2, 3], [
            -0.17708334, 0.09375009, 0.3645833, 0.13541667, 0.4062501, 0.10416657
        ]);
        F.interpolate(x, [2, 3], mode: InterpolationMode.Bilinear, align_corners: true).ShouldBe([1, 1, 2, 3], [-1.25, 0, 1.25, -0.75, 0.5, -1]);
    }

    [FactBeyondTorchSharp("interpolates in every way")]
    public void Interpolation_other_than_bilinearly_to_a_size_is_not_supported()
    {
        var x = ones(1, 1, 2, 2);
        Func<Tensor>[] others = [
            () => F.interpolate(x, [3, 3]),
            () => F.interpolate(x, [3, 3], mode: InterpolationMode.Bicubic),
            () => F.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Bilinear),
            () => F.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Bilinear, recompute_scale_factor: true),
            () => F.interpolate(x, [3, 3], mode: InterpolationMode.Bilinear, antialias: true),
            () => F.interpolate(x, mode: InterpolationMode.Bilinear),
        ];
        foreach (var other in others) other.Should().Throw<NotSupportedException>();
    }
}
