namespace ResNet.Core.Blocks;

/// <summary>The options of a single residual block. A bad value is refused when it is set.</summary>
public sealed record BlockOptions
{
    /// <summary>The width per group that changes nothing, the default of <see cref="WidthPerGroup"/>.</summary>
    public const int StandardWidthPerGroup = 64;

    /// <summary>More channels than any network has: a weight of so many by so many would not fit into any memory.</summary>
    internal const int MaximumChannels = 1 << 20;

    /// <summary>Options of a block that keeps the size of its input.</summary>
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

    /// <summary>How many times smaller than its input the output is, at least 1. Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Stride { get; init => field = Require.AtLeast(this, value, 1); } = 1;

    /// <summary>Dilation of the 3×3 convolutions, at least 1. Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Dilation { get; init => field = Require.AtLeast(this, value, 1); } = 1;

    /// <summary>
    /// Dilation of the first 3×3 convolution, at least 1: in the first block of a dilated stage that of the stage before,
    /// as in torchvision and timm. Default: null, the same as <see cref="Dilation"/>.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int? FirstDilation { get; init => field = Require.AtLeast(this, value, 1); }

    /// <summary>Groups of the 3×3 convolution of a bottleneck, at least 1 (its cardinality, Xie et al. 2016). Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Groups { get; init => field = Require.AtLeast(this, value, 1); } = 1;

    /// <summary>
    /// Width of each group of a bottleneck where <see cref="Width"/> is 64, at least 1: the 3×3 convolution has
    /// ⌊<see cref="Width"/> · this / 64⌋ · <see cref="Groups"/> channels. Default: 64.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int WidthPerGroup { get; init => field = Require.AtLeast(this, value, 1); } = StandardWidthPerGroup;

    /// <summary>Which convolution of a bottleneck has the stride. Default: <see cref="StridePlacement.Conv3x3"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="StridePlacement"/>.</exception>
    public StridePlacement StridePlacement { get; init => field = Require.Defined(this, value); }

    /// <summary>How the input gets past the convolutions. Default: <see cref="ShortcutKind.Projection"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="ShortcutKind"/>.</exception>
    public ShortcutKind Shortcut { get; init => field = Require.Defined(this, value); } = ShortcutKind.Projection;

    /// <summary>The kind of normalisation. Default: <see cref="Norm.Batch"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is null.</exception>
    public Norm Norm { get; init => field = Require.That(this, value, value is not null, Norm.Kinds); } = Norm.Batch;

    /// <summary>
    /// How often the convolutions of this block are left out for an image while training (stochastic depth, Huang et al.
    /// 2016), at least 0 and less than 1. The other images' outputs are divided by 1 − this, so that the expectation stays. Default: 0.
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

    /// <summary>Refuses options that basic blocks lack, and bottlenecks without channels or with more than memory can hold.</summary>
    /// <param name="owner">The options to refuse, of a block or of a network.</param>
    /// <param name="bottleneck">Whether blocks are bottlenecks.</param>
    /// <param name="widths">Channels of each kind of block before expansion.</param>
    /// <param name="groups">Groups of the 3×3 convolution.</param>
    /// <param name="widthPerGroup">Width of each group where blocks are 64 wide.</param>
    /// <param name="placement">Which convolution has the stride.</param>
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
