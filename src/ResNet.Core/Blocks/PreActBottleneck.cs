using TorchSharp.Modules;
using static ResNet.Core.Layers.Convolutions;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// A 1×1, a 3×3 and a 1×1 convolution, each after a norm and a ReLU; the input is added to their output (He et al. 2016,
/// https://arxiv.org/abs/1603.05027). If the shape changes, the shortcut starts after the first ReLU.
/// </summary>
public sealed class PreActBottleneck : ResidualBlock
{
    private readonly Module<Tensor, Tensor>? bn1;
    private readonly Conv2d conv1;
    private readonly Module<Tensor, Tensor>? bn2;
    private readonly Conv2d conv2;
    private readonly Module<Tensor, Tensor>? bn3;
    private readonly Conv2d conv3;

    /// <summary>Builds a block with new weights, on the CPU.</summary>
    /// <exception cref="InvalidOptionException">Some options do not fit together; the message names one.</exception>
    public PreActBottleneck(BlockOptions options) : base(nameof(PreActBottleneck), options, bottleneck: true, preActivation: true)
    {
        bool folded = options.Norm == Norm.Folded;
        int width = options.BottleneckWidth;
        bool early = options.StridePlacement == StridePlacement.Conv1x1;
        bn1 = options.PreActivate ? options.Norm.Create(options.Input) : null;
        conv1 = Conv1x1(options.Input, width, early ? options.Stride : 1, bias: folded);
        bn2 = options.Norm.AfterConvolution(width);
        conv2 = Conv3x3(width, width, early ? 1 : options.Stride, options.FirstDilation ?? options.Dilation, options.Groups, bias: folded);
        bn3 = options.Norm.AfterConvolution(width);
        conv3 = Conv1x1(width, options.Width * Bottleneck.Expansion);
        RegisterComponents();
    }

    internal override Module<Tensor, Tensor>? LastNorm => null;

    internal override T Apply<T>(T input)
    {
        var activated = bn1 is null ? input : input.Then(bn1).Relu();
        if (downsample is not null) input = activated = activated.Keep();
        var x = activated.Then(conv1).Then(bn2).Relu();
        x = x.Then(conv2).Then(bn3).Relu();
        x = x.Then(conv3);
        return AddShortcut(x, input);
    }
}
