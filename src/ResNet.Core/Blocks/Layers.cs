using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>The parts that residual networks consist of, and how one follows the other.</summary>
internal static class Layers
{
    internal static Conv2d Conv3x3(int input, int output, int stride = 1, int dilation = 1, int groups = 1, bool bias = false) =>
        Convolution(() => Conv2d(input, output, kernel_size: 3, stride: stride, padding: dilation, dilation: dilation, groups: groups, bias: bias));

    internal static Conv2d Conv1x1(int input, int output, int stride = 1, bool bias = false) =>
        Convolution(() => Conv2d(input, output, kernel_size: 1, stride: stride, bias: bias));

    internal static Conv2d Conv7x7(int input, int output, int stride, bool bias) =>
        Convolution(() => Conv2d(input, output, kernel_size: 7, stride: stride, padding: 3, bias: bias));

    // One with a bias makes tensors that TorchSharp does not dispose of. The parameters belong to no scope.
    private static Conv2d Convolution(Func<Conv2d> create)
    {
        using var scope = NewDisposeScope();
        return create();
    }

    /// <summary>Appends what there is under its number in torchvision's and timm's sequences, which a missing part does not shift.</summary>
    internal static void Append(Sequential sequence, int number, Module<Tensor, Tensor>? part)
    {
        if (part is not null) sequence.append(number.ToString(System.Globalization.CultureInfo.InvariantCulture), part);
    }

    /// <summary>Norm and ReLU of a tensor that is needed afterwards.</summary>
    /// <param name="x">Left as it is.</param>
    /// <param name="norm">The norm; null where there is none, and no ReLU then either.</param>
    /// <param name="kind">What the norm was made from.</param>
    internal static Tensor NormAndReLU(this Tensor x, Module<Tensor, Tensor>? norm, Norm kind)
    {
        if (norm is null) return x;
        var normalized = norm.call(x);
        return kind.MakesNewMemory ? normalized.relu_() : normalized.relu();
    }

    /// <summary>Applies a convolution, while training on a CPU as a linear layer if its output is a single pixel.</summary>
    /// <remarks>
    /// There most taps of a 3×3 kernel see nothing but padding, and oneDNN's gradients for it take three to eight times as long as those of the taps that do see
    /// something (<c>docs/performance.md</c>). It is what happens in the last stage to images of 32 pixels and fewer. The convolution is not called as a module then, so its
    /// hooks are not either.
    /// </remarks>
    /// <param name="convolution">One of those above.</param>
    /// <param name="x"><c>[N, C, H, W]</c>, left as it is.</param>
    internal static Tensor Convolve(Conv2d convolution, Tensor x)
    {
        if (!convolution.training || x.device_type != DeviceType.CPU || !IsLinear(convolution, x)) return convolution.call(x);
        using var scope = NewDisposeScope();
        var (height, width) = (x.size(2), x.size(3));
        var taps = convolution.weight.narrow(2, 1, height).narrow(3, 1, width).reshape(convolution.out_channels, -1, 1, 1);
        return functional.conv2d(x.reshape(x.size(0), -1, 1, 1), taps, convolution.bias).MoveToOuterDisposeScope();
    }

    // A kernel around the first pixel that does not move: from its middle on it lies on the image.
    private static bool IsLinear(Conv2d convolution, Tensor x) =>
        convolution is { groups: 1 }
        && convolution.kernel_size[0] == 3 && convolution.dilation[0] == 1
        && x.ndim == 4 && x.size(1) == convolution.in_channels
        && Math.Max(x.size(2), x.size(3)) <= Math.Min(convolution.stride[0], 2);

    /// <summary>Passes a tensor on that nobody needs afterwards to <see cref="Convolve"/>.</summary>
    internal static Tensor Then(this Tensor x, Conv2d next)
    {
        var result = Convolve(next, x);
        x.Dispose();
        return result;
    }

    /// <summary>Passes a tensor on that nobody needs afterwards: its memory is free before the next layer takes more.</summary>
    internal static Tensor Then(this Tensor x, Module<Tensor, Tensor>? next)
    {
        if (next is null) return x;
        var result = next.call(x);
        if (!ReferenceEquals(result, x)) x.Dispose();
        return result;
    }
}
