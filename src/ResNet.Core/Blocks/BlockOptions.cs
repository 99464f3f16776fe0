namespace ResNet.Core.Blocks;

/// <summary>The options of a single residual block. A bad value is refused when it is set.</summary>
public sealed record BlockOptions
{
    /// <summary>The default of <see cref="WidthPerGroup"/>, which leaves the width as it is.</summary>
    public const int StandardWidthPerGroup = 64;

    /// <summary>The limit of channels: a weight with this many input and output channels would not fit into any memory.</summary>
    internal const int MaximumChannels = 1 << 20;

    /// <summary>Makes the options of a block that keeps the size of its input.</summary>
    /// <param name="input">Channels of the input, at least 1.</param>
    /// <param name="width">
    /// Channels before expansion, 1 to 1,048,576: the output has <paramref name="width"/> times the block's expansion.
    /// </param>
    /// <exception cref="InvalidOptionException">A value is out of its range.</exception>
    public BlockOptions(int input, int width)
    {
        Input = Require.AtLeast(this, input, 1, nameof(Input));
        Width = Require.Between(this, width, 1, MaximumChannels, nameof(Width));
    }

    /// <summary>Channels of the input.</summary>
    public int Input { get; }

    /// <summary>Channels before expansion.</summary>
    public int Width { get; }

    /// <summary>The ratio of the input's height and width to the output's, at least 1. Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Stride { get; init => field = Require.AtLeast(this, value, 1); } = 1;

    /// <summary>Dilation of the 3×3 convolutions, at least 1. Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Dilation { get; init => field = Require.AtLeast(this, value, 1); } = 1;

    /// <summary>
    /// Dilation of the first 3×3 convolution, at least 1. The first block of a dilated stage has the dilation of the stage before here,
    /// as in torchvision and timm. Default: null, the same as <see cref="Dilation"/>.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int? FirstDilation { get; init => field = Require.AtLeast(this, value, 1); }

    /// <summary>Groups of the 3×3 convolution of a bottleneck, at least 1 (its cardinality, Xie et al. 2016). Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Groups { get; init => field = Require.AtLeast(this, value, 1); } = 1;

    /// <summary>
    /// Width of each group of a bottleneck whose <see cref="Width"/> is 64, at least 1: the 3×3 convolution has
    /// ⌊<see cref="Width"/> · this / 64⌋ · <see cref="Groups"/> channels. Default: 64.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int WidthPerGroup { get; init => field = Require.AtLeast(this, value, 1); } = StandardWidthPerGroup;

    /// <summary>The convolution of a bottleneck that has the stride. Default: <see cref="StridePlacement.Conv3x3"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="StridePlacement"/>.</exception>
    public StridePlacement StridePlacement { get; init => field = Require.Defined(this, value); }

    /// <summary>The shortcut around the convolutions. Default: <see cref="ShortcutKind.Projection"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="ShortcutKind"/>.</exception>
    public ShortcutKind Shortcut { get; init => field = Require.Defined(this, value); } = ShortcutKind.Projection;

    /// <summary>The kind of normalisation. Default: <see cref="Norm.Batch"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is null.</exception>
    public Norm Norm { get; init => field = Require.That(this, value, value is not null, Norm.Kinds); } = Norm.Batch;

    /// <summary>
    /// The probability that training leaves out this block's convolutions for an image (stochastic depth, Huang et al.
    /// 2016), at least 0 and less than 1. The other images' outputs are divided by 1 − this, to keep the expectation. Default: 0.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double StochasticDepth { get; init => field = Require.Part(this, value); }

    /// <summary>
    /// Whether a pre-activation block starts with a norm and a ReLU. The first one of a network does not: the stem ends with them.
    /// Other blocks never do. Default: true.
    /// </summary>
    public bool PreActivate { get; init; } = true;

    internal int BottleneckWidth => (int)BottleneckWidthOf(Width, WidthPerGroup, Groups);

    /// <summary>Channels of a bottleneck's 3×3 convolution.</summary>
    internal static long BottleneckWidthOf(long width, long widthPerGroup, long groups) =>
        width * widthPerGroup / StandardWidthPerGroup * groups;

    /// <summary>Throws if basic blocks lack an option, or if bottlenecks have no channels or more channels than memory can hold.</summary>
    /// <param name="owner">The options to check, of a block or of a network.</param>
    /// <param name="bottleneck">Whether blocks are bottlenecks.</param>
    /// <param name="widths">Channels of each kind of block before expansion.</param>
    /// <param name="groups">Groups of the 3×3 convolution.</param>
    /// <param name="widthPerGroup">Width of each group in blocks that are 64 wide.</param>
    /// <param name="placement">The convolution that has the stride.</param>
    internal static void RequireFit(
        object owner, bool bottleneck, IReadOnlyList<int> widths, int groups, int widthPerGroup, StridePlacement placement)
    {
        if (!bottleneck)
        {
            Require.That(owner, groups, groups == 1, "1 for basic blocks", nameof(Groups));
            Require.That(
                owner, widthPerGroup, widthPerGroup == StandardWidthPerGroup,
                $"{StandardWidthPerGroup} for basic blocks", nameof(WidthPerGroup));
            Require.That(
                owner, placement, placement == StridePlacement.Conv3x3, "Conv3x3 for basic blocks, which have no 1×1 convolution",
                nameof(StridePlacement));
            return;
        }
        int least = widths.Min(), most = widths.Max();
        Require.That(
            owner, widthPerGroup, BottleneckWidthOf(least, widthPerGroup, 1) >= 1,
            $"at least {(StandardWidthPerGroup + least - 1) / least} for a width of {least}", nameof(WidthPerGroup));
        Require.That(
            owner, widthPerGroup, BottleneckWidthOf(most, widthPerGroup, 1) <= MaximumChannels,
            $"so small that a width of {most} gives no more than {MaximumChannels} channels", nameof(WidthPerGroup));
        Require.That(
            owner, groups, BottleneckWidthOf(most, widthPerGroup, groups) <= MaximumChannels,
            $"so small that a width of {most} and {widthPerGroup} per group give no more than {MaximumChannels} channels", nameof(Groups));
    }
}
