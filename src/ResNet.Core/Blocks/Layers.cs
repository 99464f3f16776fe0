using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>The parts that residual networks consist of, and how one follows the other.</summary>
internal static class Layers
{
    internal static Conv2d Conv3x3(int input, int output, int stride = 1, int dilation = 1, int groups = 1, bool bias = false) =>
        Conv2d(input, output, kernel_size: 3, stride: stride, padding: dilation, dilation: dilation, groups: groups, bias: bias);

    internal static Conv2d Conv1x1(int input, int output, int stride = 1, bool bias = false) =>
        Conv2d(input, output, kernel_size: 1, stride: stride, bias: bias);

    internal static Conv2d Conv7x7(int input, int output, int stride, bool bias) =>
        Conv2d(input, output, kernel_size: 7, stride: stride, padding: 3, bias: bias);

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

    /// <summary>Passes a tensor on that nobody needs afterwards: its memory is free before the next layer takes more.</summary>
    internal static Tensor Then(this Tensor x, Module<Tensor, Tensor>? next)
    {
        if (next is null) return x;
        var result = next.call(x);
        if (!ReferenceEquals(result, x)) x.Dispose();
        return result;
    }
}
