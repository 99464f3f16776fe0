using TorchSharp.Modules;
using static ResNet.Core.Layers.Convolutions;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// Two 3×3 convolutions; the input is added to their output: <c>relu(x + bn(conv(relu(bn(conv(x))))))</c>
/// (He et al. 2015, https://arxiv.org/abs/1512.03385, figure 5 left; names as in torchvision/models/resnet.py).
/// </summary>
public sealed class BasicBlock : ResidualBlock
{
    /// <summary>The ratio of the output's channels to <see cref="BlockOptions.Width"/>.</summary>
    public const int Expansion = 1;

    private readonly Conv2d conv1;
    private readonly Module<Tensor, Tensor>? bn1;
    private readonly Conv2d conv2;
    private readonly Module<Tensor, Tensor>? bn2;

    /// <summary>Builds a block with new weights, on the CPU.</summary>
    /// <exception cref="InvalidOptionException">Some options do not fit together; the message names one.</exception>
    public BasicBlock(BlockOptions options) : base(nameof(BasicBlock), options, bottleneck: false, preActivation: false)
    {
        bool folded = options.Norm == Norm.Folded;
        int width = options.Width;
        conv1 = Conv3x3(options.Input, width, options.Stride, options.FirstDilation ?? options.Dilation, bias: folded);
        bn1 = options.Norm.AfterConvolution(width);
        conv2 = Conv3x3(width, width, dilation: options.Dilation, bias: folded);
        bn2 = options.Norm.AfterConvolution(width);
        RegisterComponents();
    }

    internal override Module<Tensor, Tensor>? LastNorm => bn2;

    internal override T Apply<T>(T input)
    {
        var x = input.Then(conv1).Then(bn1).Relu();
        x = x.Then(conv2).Then(bn2);
        return AddShortcut(x, input).Relu();
    }
}
