using ResNet.Core.Layers;
using TorchSharp.Modules;
using static ResNet.Core.Layers.Convolutions;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>The common part of the four kinds of blocks: the shortcut around their convolutions, and stochastic depth.</summary>
public abstract class ResidualBlock : Module<Tensor, Tensor>
{
    /// <summary>The layer that brings the input to the output's shape; null if the shapes are equal, or without a shortcut.</summary>
    private protected readonly Module<Tensor, Tensor>? downsample;

    // The projection is made before the convolutions, as in torchvision, to draw random numbers in the same order.
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

    /// <summary>The options that the block was built from.</summary>
    public BlockOptions Options { get; }

    /// <summary>The last norm of the branch; null if the branch ends with a convolution.</summary>
    internal abstract Module<Tensor, Tensor>? LastNorm { get; }

    /// <summary>Computes the block.</summary>
    /// <param name="input"><c>[N, input, H, W]</c>, left as it is.</param>
    /// <returns><c>[N, width · expansion, ⌈H / stride⌉, ⌈W / stride⌉]</c>; the expansion is 1, or 4 in bottlenecks.</returns>
    public sealed override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Apply(new TensorValue(input)).Tensor.MoveToOuterDisposeScope();
    }

    /// <summary>Defines the data flow of the block.</summary>
    /// <param name="input">The input, already kept (<see cref="ILayerInput{T}.Keep"/>), since convolutions and shortcut use it.</param>
    internal abstract T Apply<T>(T input)
        where T : struct, ILayerInput<T>;

    /// <summary>Adds the shortcut to the output of the convolutions.</summary>
    /// <param name="branch">The output of the convolutions.</param>
    /// <param name="input">The start of the shortcut.</param>
    private protected T AddShortcut<T>(T branch, T input)
        where T : struct, ILayerInput<T> =>
        Options.Shortcut == ShortcutKind.None
            ? branch
            : branch.DropImages(training ? Options.StochasticDepth : 0).Add(input.Then(downsample));

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
                    $"another kind to go from {Options.Input} channels to {output}, since padding only adds channels",
                    nameof(Options.Shortcut));
                return new ZeroPaddingShortcut(Options.Input, output, Options.Stride);
            default:
                return Projection(output, preActivation);
        }
    }

    // Pre-activation blocks have no norm after the projection (He et al. 2016, resnet-pre-act.lua).
    private Sequential Projection(int output, bool preActivation)
    {
        bool pools = Options.Shortcut == ShortcutKind.AveragePooledProjection;
        var norm = preActivation ? null : Options.Norm.AfterConvolution(output);
        var convolution = Conv1x1(Options.Input, output, pools ? 1 : Options.Stride, bias: norm is null && !preActivation);

        // The numbers are those of torchvision and timm: a missing norm does not change the numbers after it.
        List<Module<Tensor, Tensor>> layers = [];
        if (pools) layers.Add(Options is { Stride: 1, Dilation: 1 } ? Identity() : new ShortcutPool(Options.Stride));
        layers.Add(convolution);
        if (norm is not null) layers.Add(norm);
        return Sequential(layers);
    }
}
