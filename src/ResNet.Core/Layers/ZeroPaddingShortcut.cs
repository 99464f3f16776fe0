using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Layers;

/// <summary>Option A: every stride-th pixel, between channels of zeros. The zeros before are half of them, rounded down.</summary>
internal sealed class ZeroPaddingShortcut(int input, int output, int stride) : Module<Tensor, Tensor>(nameof(ZeroPaddingShortcut))
{
    /// <summary>Channels of zeros before those of the input.</summary>
    internal int Before { get; } = (output - input) / 2;

    /// <summary>Channels of zeros behind them.</summary>
    internal int After { get; } = output - input - ((output - input) / 2);

    internal int Stride { get; } = stride;

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var pixels = Stride == 1
            ? x
            : x[TensorIndex.Colon, TensorIndex.Colon, TensorIndex.Slice(step: Stride), TensorIndex.Slice(step: Stride)];
        return functional.pad(pixels, [0, 0, 0, 0, Before, After]).MoveToOuterDisposeScope();
    }
}
