using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// Two 3×3 convolutions, each after a norm and a ReLU, around which the input is added: <c>x + conv(relu(bn(conv(relu(bn(x))))))</c>
/// (He et al. 2016, https://arxiv.org/abs/1603.05027, figure 1b). Where the shape changes, the shortcut starts behind the first ReLU.
/// </summary>
public sealed class PreActBasicBlock : ResidualBlock
{
    private readonly Module<Tensor, Tensor>? bn1;
    private readonly Conv2d conv1;
    private readonly Module<Tensor, Tensor>? bn2;
    private readonly Conv2d conv2;

    /// <summary>A block with new weights, on the CPU.</summary>
    /// <exception cref="InvalidOptionException">Some options do not fit together; the message names one.</exception>
    public PreActBasicBlock(BlockOptions options) : base(nameof(PreActBasicBlock), options, bottleneck: false, preActivation: true)
    {
        int width = options.Width;
        bn1 = options.PreActivate ? options.Norm.Create(options.Input) : null;
        conv1 = Layers.Conv3x3(options.Input, width, options.Stride, options.FirstDilation ?? options.Dilation, bias: options.Norm == Norm.Folded);
        bn2 = options.Norm.AfterConvolution(width);
        conv2 = Layers.Conv3x3(width, width, dilation: options.Dilation);
        RegisterComponents();
    }

    internal override Module<Tensor, Tensor>? LastNorm => null;

    internal override IEnumerable<(Conv2d Convolution, Module<Tensor, Tensor>? Norm)> NormalizedConvolutions => [(conv1, bn2)];

    /// <summary>Computes the block.</summary>
    /// <param name="input"><c>[N, input, H, W]</c>, left as it is.</param>
    /// <returns><c>[N, width, ⌈H / stride⌉, ⌈W / stride⌉]</c>.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var activated = input.NormAndReLU(bn1, Options.Norm);
        var x = Layers.Convolve(conv1, activated);
        if (downsample is null && bn1 is not null) activated.Dispose();
        x = x.Then(bn2).relu_();
        x = x.Then(conv2);
        return AddShortcut(x, downsample is null ? input : activated).MoveToOuterDisposeScope();
    }

    internal override T Describe<T>(T input)
    {
        var activated = bn1 is null ? input : input.Then(bn1).Relu();
        var x = activated.Then(conv1).Then(bn2).Relu();
        x = x.Then(conv2);
        return DescribeShortcut(x, downsample is null ? input : activated);
    }
}
