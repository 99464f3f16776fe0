namespace ResNet.Core.Blocks;

/// <summary>What a single residual block consists of. A bad value is refused when it is set.</summary>
public sealed record BlockOptions
{
    /// <summary>The width per group that changes nothing, the default of <see cref="WidthPerGroup"/>.</summary>
    public const int StandardWidthPerGroup = 64;

    /// <summary>Options of a block that keeps the size of its input.</summary>
    /// <param name="input">Channels of the input, at least 1.</param>
    /// <param name="width">Channels before expansion, 1 to 1,048,576: the output has <paramref name="width"/> times the block's expansion.</param>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public BlockOptions(int input, int width)
    {
        Input = OptionChecks.AtLeastOne(nameof(BlockOptions), input, nameof(Input));
        Width = OptionChecks.AtLeastOne(nameof(BlockOptions), width, nameof(Width));
        OptionChecks.Require(width <= OptionChecks.MaximumChannels, nameof(BlockOptions), nameof(Width), width, $"no more than {OptionChecks.MaximumChannels}");
    }

    /// <summary>Channels of the input.</summary>
    public int Input { get; }

    /// <summary>Channels before expansion.</summary>
    public int Width { get; }

    /// <summary>How many times smaller than its input the output is, at least 1. Default: 1.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Stride { get; init => field = OptionChecks.AtLeastOne(nameof(BlockOptions), value); } = 1;

    /// <summary>Dilation of the 3×3 convolutions, at least 1. Default: 1.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Dilation { get; init => field = OptionChecks.AtLeastOne(nameof(BlockOptions), value); } = 1;

    /// <summary>
    /// Dilation of the first 3×3 convolution, at least 1: in the first block of a dilated stage that of the stage before,
    /// as in torchvision and timm. Default: null, the same as <see cref="Dilation"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int? FirstDilation { get; init => field = value is null ? null : OptionChecks.AtLeastOne(nameof(BlockOptions), value.Value); }

    /// <summary>Groups of the 3×3 convolution of a bottleneck, at least 1 (its cardinality, Xie et al. 2016). Default: 1.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Groups { get; init => field = OptionChecks.AtLeastOne(nameof(BlockOptions), value); } = 1;

    /// <summary>
    /// Width of each group of a bottleneck where <see cref="Width"/> is 64, at least 1: the 3×3 convolution has
    /// ⌊<see cref="Width"/> · this / 64⌋ · <see cref="Groups"/> channels. Default: 64.
    /// </summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int WidthPerGroup { get; init => field = OptionChecks.AtLeastOne(nameof(BlockOptions), value); } = StandardWidthPerGroup;

    /// <summary>Which convolution of a bottleneck has the stride. Default: <see cref="StridePlacement.Conv3x3"/>.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="StridePlacement"/>.</exception>
    public StridePlacement StridePlacement { get; init => field = OptionChecks.Defined(nameof(BlockOptions), value); }

    /// <summary>How the input gets past the convolutions. Default: <see cref="ShortcutKind.Projection"/>.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="ShortcutKind"/>.</exception>
    public ShortcutKind Shortcut { get; init => field = OptionChecks.Defined(nameof(BlockOptions), value); } = ShortcutKind.Projection;

    /// <summary>What normalises. Default: <see cref="Norm.Batch"/>.</summary>
    /// <exception cref="ArgumentException">The value is null.</exception>
    public Norm Norm { get; init => field = OptionChecks.NotNull(nameof(BlockOptions), value); } = Norm.Batch;

    /// <summary>
    /// How often the convolutions of this block are left out for an image while training (stochastic depth, Huang et al.
    /// 2016), at least 0 and less than 1. What is not left out is divided by 1 − this, so that the expectation stays. Default: 0.
    /// </summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public double StochasticDepth { get; init => field = OptionChecks.Rate(nameof(BlockOptions), value); }

    /// <summary>
    /// Whether a pre-activation block starts with a norm and a ReLU. The first one of a network does not: the stem ends with them.
    /// Other blocks never do. Default: true.
    /// </summary>
    public bool PreActivate { get; init; } = true;

    internal int BottleneckWidth => (int)OptionChecks.BottleneckWidth(Width, WidthPerGroup, Groups);
}
