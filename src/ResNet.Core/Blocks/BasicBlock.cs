using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// Two 3×3 convolutions around which the input is added: <c>relu(x + bn(conv(relu(bn(conv(x))))))</c>
/// (He et al. 2015, https://arxiv.org/abs/1512.03385, figure 5 left; names as in torchvision/models/resnet.py).
/// </summary>
public sealed class BasicBlock : Module<Tensor, Tensor>
{
    /// <summary>How many times <c>width</c> the block's output has channels.</summary>
    public const int Expansion = 1;

    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly Conv2d conv2;
    private readonly BatchNorm2d bn2;
    private readonly Module<Tensor, Tensor>? downsample;

    /// <summary>A block with new weights, on the CPU.</summary>
    /// <param name="input">Channels of the input.</param>
    /// <param name="width">Channels of both convolutions and of the output.</param>
    /// <param name="stride">Stride of the first convolution: the output is that many times smaller.</param>
    /// <param name="downsample">Brings the input to the output's shape; null where it has that already.</param>
    public BasicBlock(int input, int width, int stride = 1, Module<Tensor, Tensor>? downsample = null)
        : base(nameof(BasicBlock))
    {
        conv1 = Convolutions.Conv3x3(input, width, stride);
        bn1 = BatchNorm2d(width);
        conv2 = Convolutions.Conv3x3(width, width);
        bn2 = BatchNorm2d(width);
        this.downsample = downsample;
        RegisterComponents();
    }

    /// <summary>Computes the block.</summary>
    /// <param name="input"><c>[N, input, H, W]</c>, left as it is.</param>
    /// <returns><c>[N, width, ⌈H / stride⌉, ⌈W / stride⌉]</c>.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = bn1.call(conv1.call(input)).relu_();
        x = bn2.call(conv2.call(x));
        x.add_(downsample?.call(input) ?? input).relu_();
        return x.MoveToOuterDisposeScope();
    }
}
