using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Layers;

/// <summary>The convolutions of residual networks: makes and applies them.</summary>
internal static class Convolutions
{
    internal static Conv2d Conv3x3(int input, int output, int stride = 1, int dilation = 1, int groups = 1, bool bias = false) =>
        Create(() => Conv2d(
            input, output, kernel_size: 3, stride: stride, padding: dilation, dilation: dilation, groups: groups, bias: bias));

    internal static Conv2d Conv1x1(int input, int output, int stride = 1, bool bias = false) =>
        Create(() => Conv2d(input, output, kernel_size: 1, stride: stride, bias: bias));

    internal static Conv2d Conv7x7(int input, int output, int stride, bool bias) =>
        Create(() => Conv2d(input, output, kernel_size: 7, stride: stride, padding: 3, bias: bias));

    /// <summary>Applies a convolution; in training on a CPU as a linear layer if its output is a single pixel.</summary>
    /// <remarks>
    /// Most taps of a 3×3 kernel see only padding then, and oneDNN's gradients for it take three to eight times as long
    /// (<c>docs/performance.md</c>). This happens in the last stage to images of 32 pixels and fewer. The convolution is not called
    /// as a module then, so its hooks do not run.
    /// </remarks>
    /// <param name="convolution">A convolution that this class made.</param>
    /// <param name="x"><c>[N, C, H, W]</c>, left as it is.</param>
    internal static Tensor Convolve(Conv2d convolution, Tensor x)
    {
        if (!convolution.training || x.device_type != DeviceType.CPU || !IsLinear(convolution, x)) return convolution.call(x);
        using var scope = NewDisposeScope();
        var (height, width) = (x.size(2), x.size(3));
        var taps = convolution.weight.narrow(2, 1, height).narrow(3, 1, width).reshape(convolution.out_channels, -1, 1, 1);
        return functional.conv2d(x.reshape(x.size(0), -1, 1, 1), taps, convolution.bias).MoveToOuterDisposeScope();
    }

    // The kernel stays at the first pixel: its part from the middle on lies on the image.
    private static bool IsLinear(Conv2d convolution, Tensor x) =>
        convolution is { groups: 1 }
        && convolution.kernel_size[0] == 3 && convolution.dilation[0] == 1
        && x.ndim == 4 && x.size(1) == convolution.in_channels
        && Math.Max(x.size(2), x.size(3)) <= Math.Min(convolution.stride[0], 2);

    // A convolution with a bias creates tensors that TorchSharp does not dispose. The parameters do not belong to any scope.
    private static Conv2d Create(Func<Conv2d> create)
    {
        using var scope = NewDisposeScope();
        return create();
    }
}
