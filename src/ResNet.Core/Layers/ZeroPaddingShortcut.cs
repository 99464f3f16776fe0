using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Layers;

/// <summary>Option A: every stride-th pixel, between channels of zeros. Half of these channels, rounded down, come first.</summary>
internal sealed class ZeroPaddingShortcut(int input, int output, int stride) : Module<Tensor, Tensor>(nameof(ZeroPaddingShortcut))
{
    /// <summary>Channels of zeros before the channels of the input.</summary>
    internal int Before { get; } = (output - input) / 2;

    /// <summary>Channels of zeros after the channels of the input.</summary>
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
