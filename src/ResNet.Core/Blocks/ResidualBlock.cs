using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>What the four kinds of blocks have in common: the shortcut around their convolutions, and stochastic depth.</summary>
public abstract class ResidualBlock : Module<Tensor, Tensor>
{
    /// <summary>Brings the input to the output's shape; null where it has that already, or where there is no shortcut.</summary>
    private protected readonly Module<Tensor, Tensor>? downsample;

    private (Conv2d, Module<Tensor, Tensor>?)? _projection;

    // Made before the convolutions, as in torchvision: that is the order in which random numbers are drawn.
    private protected ResidualBlock(string name, BlockOptions options, bool bottleneck, bool preActivation) : base(name)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        BlockOptions.RequireFit(options, bottleneck, [options.Width], options.Groups, options.WidthPerGroup, options.StridePlacement);
        Require.That(
            options, options.StochasticDepth, options.StochasticDepth == 0 || options.Shortcut != ShortcutKind.None,
            "0 without a shortcut, since nothing would be left of the block", nameof(options.StochasticDepth));
        downsample = Shortcut(options.Width * (bottleneck ? Bottleneck.Expansion : BasicBlock.Expansion), preActivation);
    }

    /// <summary>What the block was built from.</summary>
    public BlockOptions Options { get; }

    /// <summary>The norm that the branch ends with; null where it ends with a convolution.</summary>
    internal abstract Module<Tensor, Tensor>? LastNorm { get; }

    /// <summary>Each convolution that a norm follows directly, with that norm; null where it is folded into the convolution.</summary>
    internal virtual IEnumerable<(Conv2d Convolution, Module<Tensor, Tensor>? Norm)> NormalizedConvolutions => _projection is { } pair ? [pair] : [];

    /// <summary>Applies to the input what <see cref="Module{T, TResult}.forward"/> computes in evaluation mode.</summary>
    internal abstract T Describe<T>(T input)
        where T : struct, ILayerInput<T>;

    private protected T DescribeShortcut<T>(T branch, T input)
        where T : struct, ILayerInput<T> =>
        Options.Shortcut == ShortcutKind.None ? branch : branch + input.Then(downsample);

    /// <summary>Adds the shortcut to what the convolutions computed, in place.</summary>
    /// <param name="branch">What the convolutions computed.</param>
    /// <param name="input">What the shortcut starts from.</param>
    private protected Tensor AddShortcut(Tensor branch, Tensor input)
    {
        if (Options.Shortcut == ShortcutKind.None) return branch;
        if (training && Options.StochasticDepth > 0) DropImages(branch);
        if (downsample is null) return branch.AddInPlace(input);
        using var shortcut = downsample.call(input);
        return branch.AddInPlace(shortcut);
    }

    private void DropImages(Tensor branch)
    {
        using var keep = empty([branch.size(0), 1, 1, 1], branch.dtype, branch.device);
        keep.bernoulli_(1 - Options.StochasticDepth).DivideInPlace(1 - Options.StochasticDepth);
        branch.mul_(keep);
    }

    private Module<Tensor, Tensor>? Shortcut(int output, bool preActivation)
    {
        bool sameShape = Options.Stride == 1 && Options.Input == output;
        switch (Options.Shortcut)
        {
            case ShortcutKind.None:
            case not ShortcutKind.ProjectionEverywhere when sameShape:
                return null;
            case ShortcutKind.ZeroPadding:
                Require.That(
                    Options, Options.Shortcut, Options.Input <= output,
                    $"another kind to go from {Options.Input} channels to {output}, since padding only adds channels", nameof(Options.Shortcut));
                return new ZeroPaddingShortcut(Options.Input, output, Options.Stride);
            default:
                return Projection(output, preActivation);
        }
    }

    // Pre-activation blocks have no norm after it (He et al. 2016, resnet-pre-act.lua).
    private Sequential Projection(int output, bool preActivation)
    {
        bool pools = Options.Shortcut == ShortcutKind.AveragePooledProjection;
        var norm = preActivation ? null : Options.Norm.AfterConvolution(output);
        var convolution = Layers.Conv1x1(Options.Input, output, pools ? 1 : Options.Stride, bias: norm is null && !preActivation);
        if (!preActivation) _projection = (convolution, norm);

        var sequence = Sequential();
        int number = 0;
        if (pools) Layers.Append(sequence, number++, Options is { Stride: 1, Dilation: 1 } ? Identity() : new ShortcutPool(Options.Stride));
        Layers.Append(sequence, number++, convolution);
        Layers.Append(sequence, number, norm);
        return sequence;
    }
}
