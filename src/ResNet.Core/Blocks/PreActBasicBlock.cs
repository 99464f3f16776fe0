using TorchSharp.Modules;
using static ResNet.Core.Layers.Convolutions;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// Two 3×3 convolutions, each after a norm and a ReLU; the input is added to their output: <c>x + conv(relu(bn(conv(relu(bn(x))))))</c>
/// (He et al. 2016, https://arxiv.org/abs/1603.05027, figure 1b). If the shape changes, the shortcut starts after the first ReLU.
/// </summary>
public sealed class PreActBasicBlock : ResidualBlock
{
    private readonly Module<Tensor, Tensor>? bn1;
    private readonly Conv2d conv1;
    private readonly Module<Tensor, Tensor>? bn2;
    private readonly Conv2d conv2;

    /// <summary>Builds a block with new weights, on the CPU.</summary>
    /// <exception cref="InvalidOptionException">Some options do not fit together; the message names one.</exception>
    public PreActBasicBlock(BlockOptions options) : base(nameof(PreActBasicBlock), options, bottleneck: false, preActivation: true)
    {
        int width = options.Width;
        bn1 = options.PreActivate ? options.Norm.Create(options.Input) : null;
        conv1 = Conv3x3(options.Input, width, options.Stride, options.FirstDilation ?? options.Dilation, bias: options.Norm == Norm.Folded);
        bn2 = options.Norm.AfterConvolution(width);
        conv2 = Conv3x3(width, width, dilation: options.Dilation);
        RegisterComponents();
    }

    internal override Module<Tensor, Tensor>? LastNorm => null;

    internal override T Apply<T>(T input)
    {
        var activated = bn1 is null ? input : input.Then(bn1).Relu();
        if (downsample is not null) input = activated = activated.Keep();
        var x = activated.Then(conv1).Then(bn2).Relu();
        x = x.Then(conv2);
        return AddShortcut(x, input);
    }
}
