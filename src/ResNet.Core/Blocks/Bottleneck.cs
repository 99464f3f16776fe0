using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// A 1×1 convolution that narrows, a 3×3 one, and a 1×1 one that widens by four, around which the input is added
/// (He et al. 2015, https://arxiv.org/abs/1512.03385, figure 5 right). The stride is on the 3×3 convolution, as in
/// torchvision/models/resnet.py, not on the first 1×1 as in the paper.
/// </summary>
public sealed class Bottleneck : Module<Tensor, Tensor>
{
    /// <summary>How many times <c>width</c> the block's output has channels.</summary>
    public const int Expansion = 4;

    private readonly Conv2d conv1;
    private readonly BatchNorm2d bn1;
    private readonly Conv2d conv2;
    private readonly BatchNorm2d bn2;
    private readonly Conv2d conv3;
    private readonly BatchNorm2d bn3;
    private readonly Module<Tensor, Tensor>? downsample;

    /// <summary>A block with new weights, on the CPU.</summary>
    /// <param name="input">Channels of the input.</param>
    /// <param name="width">Channels of the 3×3 convolution; the output has <see cref="Expansion"/> times as many.</param>
    /// <param name="stride">Stride of the 3×3 convolution: the output is that many times smaller.</param>
    /// <param name="downsample">Brings the input to the output's shape; null where it has that already.</param>
    public Bottleneck(int input, int width, int stride = 1, Module<Tensor, Tensor>? downsample = null)
        : base(nameof(Bottleneck))
    {
        conv1 = Convolutions.Conv1x1(input, width);
        bn1 = BatchNorm2d(width);
        conv2 = Convolutions.Conv3x3(width, width, stride);
        bn2 = BatchNorm2d(width);
        conv3 = Convolutions.Conv1x1(width, width * Expansion);
        bn3 = BatchNorm2d(width * Expansion);
        this.downsample = downsample;
        RegisterComponents();
    }

    /// <summary>Computes the block.</summary>
    /// <param name="input"><c>[N, input, H, W]</c>, left as it is.</param>
    /// <returns><c>[N, 4 · width, ⌈H / stride⌉, ⌈W / stride⌉]</c>.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = bn1.call(conv1.call(input)).relu_();
        x = bn2.call(conv2.call(x)).relu_();
        x = bn3.call(conv3.call(x));
        x.add_(downsample?.call(input) ?? input).relu_();
        return x.MoveToOuterDisposeScope();
    }
}
