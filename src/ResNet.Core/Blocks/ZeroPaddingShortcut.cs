using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>Option A: every stride-th pixel, between channels of zeros. The zeros before are half of them, rounded down.</summary>
internal sealed class ZeroPaddingShortcut(int input, int output, int stride) : Module<Tensor, Tensor>(nameof(ZeroPaddingShortcut))
{
    private readonly int _before = (output - input) / 2;
    private readonly int _after = output - input - ((output - input) / 2);

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var pixels = stride == 1
            ? x
            : x[TensorIndex.Colon, TensorIndex.Colon, TensorIndex.Slice(step: stride), TensorIndex.Slice(step: stride)];
        return functional.pad(pixels, [0, 0, 0, 0, _before, _after]).MoveToOuterDisposeScope();
    }
}
