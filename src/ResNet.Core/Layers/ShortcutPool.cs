using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Layers;

/// <summary>
/// The 2×2 average pooling before a projection. If dilation replaces the stride, it moves by one pixel and keeps
/// the size, with zeros beyond the right and the bottom border (timm's <c>AvgPool2dSame</c>).
/// </summary>
internal sealed class ShortcutPool(int stride) : Module<Tensor, Tensor>(nameof(ShortcutPool))
{
    internal const int Size = 2;

    internal int Stride { get; } = stride;

    public override Tensor forward(Tensor x)
    {
        if (Stride > 1) return functional.avg_pool2d(x, Size, Stride, ceil_mode: true, count_include_pad: false);
        using var padded = functional.pad(x, [0, 1, 0, 1]);
        return functional.avg_pool2d(padded, Size, stride: 1);
    }
}
