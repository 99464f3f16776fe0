using TorchSharp.Modules;
using static ResNet.Core.Layers.Convolutions;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// A 1×1 convolution that narrows, a 3×3 one, and a 1×1 one that widens by four; the input is added to their output
/// (He et al. 2015, https://arxiv.org/abs/1512.03385, figure 5 right; names as in torchvision/models/resnet.py).
/// Groups give ResNeXt's block (Xie et al. 2016), a width per group above 64 gives the wide networks' (Zagoruyko and Komodakis 2016).
/// </summary>
public sealed class Bottleneck : ResidualBlock
{
    /// <summary>The ratio of the output's channels to <see cref="BlockOptions.Width"/>.</summary>
    public const int Expansion = 4;

    private readonly Conv2d conv1;
    private readonly Module<Tensor, Tensor>? bn1;
    private readonly Conv2d conv2;
    private readonly Module<Tensor, Tensor>? bn2;
    private readonly Conv2d conv3;
    private readonly Module<Tensor, Tensor>? bn3;

    /// <summary>Builds a block with new weights, on the CPU.</summary>
    /// <exception cref="InvalidOptionException">Some options do not fit together; the message names one.</exception>
    public Bottleneck(BlockOptions options) : base(nameof(Bottleneck), options, bottleneck: true, preActivation: false)
    {
        bool folded = options.Norm == Norm.Folded;
        int width = options.BottleneckWidth;
        int output = options.Width * Expansion;
        bool early = options.StridePlacement == StridePlacement.Conv1x1;
        conv1 = Conv1x1(options.Input, width, early ? options.Stride : 1, bias: folded);
        bn1 = options.Norm.AfterConvolution(width);
        conv2 = Conv3x3(width, width, early ? 1 : options.Stride, options.FirstDilation ?? options.Dilation, options.Groups, bias: folded);
        bn2 = options.Norm.AfterConvolution(width);
        conv3 = Conv1x1(width, output, bias: folded);
        bn3 = options.Norm.AfterConvolution(output);
        RegisterComponents();
    }

    internal override Module<Tensor, Tensor>? LastNorm => bn3;

    internal override T Apply<T>(T input)
    {
        var x = input.Then(conv1).Then(bn1).Relu();
        x = x.Then(conv2).Then(bn2).Relu();
        x = x.Then(conv3).Then(bn3);
        return AddShortcut(x, input).Relu();
    }
}
