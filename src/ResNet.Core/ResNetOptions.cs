using ResNet.Core.Blocks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>
/// What a residual network consists of and what it is for. A bad value is refused when it is set, values that do not fit
/// together when the network is built. The defaults are ResNet-18 for ImageNet; <see cref="ResNets.Options"/> gives those of
/// the other named networks.
/// </summary>
public sealed record ResNetOptions
{
    /// <summary>Classes of ImageNet, the default of <see cref="Classes"/>.</summary>
    public const int ImageNetClasses = 1000;

    private const int StandardWidth = 64;
    private const int MaximumStages = 8;
    private const int MaximumBlocks = 10_000;
    private const string Owner = nameof(ResNetOptions);

    private readonly IReadOnlyList<int>? _stageWidths;

    /// <summary>The residual block. Default: <see cref="BlockKind.Basic"/>.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="BlockKind"/>.</exception>
    public BlockKind Block { get; init => field = OptionChecks.Defined(Owner, value); } = BlockKind.Basic;

    /// <summary>
    /// Whether norm and ReLU come before each convolution instead of after it (He et al. 2016, https://arxiv.org/abs/1603.05027):
    /// <see cref="PreActBasicBlock"/> and <see cref="PreActBottleneck"/>, and a last norm before the pooling. Default: false.
    /// </summary>
    public bool PreActivation { get; init; }

    /// <summary>The layers before the first stage. Default: <see cref="StemKind.Standard"/>.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="StemKind"/>.</exception>
    public StemKind Stem { get; init => field = OptionChecks.Defined(Owner, value); } = StemKind.Standard;

    /// <summary>
    /// Blocks of each stage, first to last: one to eight stages of 1 to 10,000 blocks. Every stage after the first halves the
    /// resolution. Default: 2, 2, 2, 2.
    /// </summary>
    /// <exception cref="ArgumentException">There are no stages, more than eight, or one without blocks or with too many.</exception>
    public IReadOnlyList<int> StageDepths
    {
        get;
        init => field = value is { Count: >= 1 and <= MaximumStages } && value.All(depth => depth is >= 1 and <= MaximumBlocks)
            ? new NumberList<int>(value)
            : throw OptionChecks.Refused(Owner, nameof(StageDepths), OptionChecks.List(value), $"one to {MaximumStages} stages of 1 to {MaximumBlocks} blocks");
    } = new NumberList<int>([2, 2, 2, 2]);

    /// <summary>
    /// Channels of each stage before expansion, 1 to 1,048,576 each and one number for every stage. The stem has as many channels
    /// as the first. Default: 64, and twice as many in each further stage.
    /// </summary>
    /// <exception cref="ArgumentException">A width is out of its range.</exception>
    public IReadOnlyList<int> StageWidths
    {
        get => _stageWidths ?? new NumberList<int>(StageDepths.Select((_, i) => StandardWidth << i));
        init => _stageWidths = value is { Count: >= 1 } && value.All(width => width is >= 1 and <= OptionChecks.MaximumChannels)
            ? new NumberList<int>(value)
            : throw OptionChecks.Refused(Owner, nameof(StageWidths), OptionChecks.List(value), $"1 to {OptionChecks.MaximumChannels} for every stage");
    }

    /// <summary>Groups of each bottleneck's 3×3 convolution, at least 1 (ResNeXt, https://arxiv.org/abs/1611.05431). Default: 1.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Groups { get; init => field = OptionChecks.AtLeastOne(Owner, value); } = 1;

    /// <summary>
    /// Width of each group in a stage 64 wide, at least 1; in other stages in proportion. 128 with a single group are the wide
    /// networks (https://arxiv.org/abs/1605.07146). Default: 64.
    /// </summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int WidthPerGroup { get; init => field = OptionChecks.AtLeastOne(Owner, value); } = BlockOptions.StandardWidthPerGroup;

    /// <summary>Which convolution of a bottleneck has the stride. Default: <see cref="StridePlacement.Conv3x3"/>.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="StridePlacement"/>.</exception>
    public StridePlacement StridePlacement { get; init => field = OptionChecks.Defined(Owner, value); }

    /// <summary>How a block's input gets past its convolutions: options A, B and C of the paper and others. Default: <see cref="ShortcutKind.Projection"/>, option B.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="ShortcutKind"/>.</exception>
    public ShortcutKind Shortcut { get; init => field = OptionChecks.Defined(Owner, value); } = ShortcutKind.Projection;

    /// <summary>
    /// How many times smaller than the input the last stage's output is at the most: 8, 16 or 32. Stages that would go further
    /// keep their size and dilate their 3×3 convolutions instead, with the same weights (Yu and Koltun 2016,
    /// https://arxiv.org/abs/1511.07122). Default: null, every stage after the first halves the size.
    /// </summary>
    /// <exception cref="ArgumentException">The value is another one.</exception>
    public int? OutputStride
    {
        get;
        init => field = value is null or 8 or 16 or 32 ? value : throw OptionChecks.Refused(Owner, nameof(OutputStride), value, "8, 16, 32 or null");
    }

    /// <summary>What normalises. Default: <see cref="Norm.Batch"/>.</summary>
    /// <exception cref="ArgumentException">The value is null.</exception>
    public Norm Norm
    {
        get;
        init => field = OptionChecks.NotNull(Owner, value);
    } = Norm.Batch;

    /// <summary>How often a feature is set to 0 before the classifier while training, at least 0 and less than 1. Default: 0.</summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public double Dropout { get; init => field = OptionChecks.Rate(Owner, value); }

    /// <summary>
    /// How often the last block's convolutions are left out for an image while training, at least 0 and less than 1; for block
    /// l of L it is l / L of that (Huang et al. 2016, https://arxiv.org/abs/1603.09382, linear decay). Default: 0.
    /// </summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public double StochasticDepth { get; init => field = OptionChecks.Rate(Owner, value); }

    /// <summary>
    /// Whether the last norm in each block's branch starts with a weight of 0, so that every block starts as its shortcut
    /// (Goyal et al. 2017, https://arxiv.org/abs/1706.02677; torchvision's <c>zero_init_residual</c>). Default: false.
    /// </summary>
    public bool ZeroInitLastNorm { get; init; }

    /// <summary>Classes the network tells apart, at least 1: the length of its output. Default: 1000.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Classes { get; init => field = OptionChecks.AtLeastOne(Owner, value); } = ImageNetClasses;

    /// <summary>Channels of the input images, 1 to 1,048,576: 3 for colour, 1 for grey. Default: 3.</summary>
    /// <exception cref="ArgumentException">The value is out of its range.</exception>
    public int InputChannels
    {
        get;
        init => field = value is >= 1 and <= OptionChecks.MaximumChannels ? value : throw OptionChecks.Refused(Owner, nameof(InputChannels), value, $"1 to {OptionChecks.MaximumChannels}");
    } = 3;

    /// <summary>Where the network is put. Default: the CPU.</summary>
    /// <exception cref="ArgumentException">The device is CUDA and this machine has none, or no such one.</exception>
    public Device Device
    {
        get;
        init => field = value is not null && IsThere(value) ? value : throw OptionChecks.Refused(Owner, nameof(Device), value, Devices());
    } = CPU;

    /// <summary>What the weights are: Float32, Float64, BFloat16, or on CUDA Float16. Default: Float32.</summary>
    /// <exception cref="ArgumentException">The value is another type.</exception>
    public ScalarType DType
    {
        get;
        init => field = value is ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16 or ScalarType.Float16
            ? value
            : throw OptionChecks.Refused(Owner, nameof(DType), value, "Float32, Float64, BFloat16 or Float16");
    } = ScalarType.Float32;

    internal int Expansion => Block == BlockKind.Basic ? BasicBlock.Expansion : Bottleneck.Expansion;

    /// <summary>Whether all values are the same, stage by stage.</summary>
    public bool Equals(ResNetOptions? other) => other is not null && Values().Equals(other.Values());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Block, StageDepths, StageWidths, Groups, WidthPerGroup, Shortcut, Norm, Classes);

    /// <summary>Refuses values that do not fit together.</summary>
    /// <exception cref="ArgumentException">Some do not.</exception>
    internal void Validate()
    {
        Require(StageWidths.Count == StageDepths.Count, nameof(StageWidths), OptionChecks.List(StageWidths), $"{StageDepths.Count} numbers, one for each stage of StageDepths");
        Require(Stem != StemKind.Deep || StageWidths[0] % 2 == 0, nameof(StageWidths), OptionChecks.List(StageWidths), "even at first where the stem is Deep, which halves it");
        OptionChecks.BlockFits(Owner, Block == BlockKind.Bottleneck, StageWidths, Groups, WidthPerGroup, StridePlacement);
        foreach (int channels in NormalizedChannels()) Norm.Check(Owner, channels);
        if (Shortcut == ShortcutKind.None)
            Require(StochasticDepth == 0, nameof(StochasticDepth), StochasticDepth, "0 without shortcuts, since nothing would be left of a block");
        if (Shortcut == ShortcutKind.ZeroPadding)
        {
            Require(
                StageWidths.Zip(StageWidths.Skip(1)).All(pair => pair.First <= pair.Second), nameof(StageWidths), OptionChecks.List(StageWidths),
                "no smaller from stage to stage where the shortcut is ZeroPadding, which only adds channels");
        }
        if (ZeroInitLastNorm)
        {
            Require(Shortcut != ShortcutKind.None, nameof(ZeroInitLastNorm), true, "false without shortcuts, since no signal would pass");
            Require(!PreActivation, nameof(ZeroInitLastNorm), true, "false with pre-activation, whose branches end with a convolution");
            Require(Norm != Norm.FrozenBatch && Norm != Norm.Folded, nameof(ZeroInitLastNorm), true, $"false where the norm is {Norm}, which is not trained");
        }
        Require(DType != ScalarType.Float16 || Device.type == DeviceType.CUDA, nameof(DType), DType, "Float32, Float64 or BFloat16 on the CPU");
    }

    private IEnumerable<int> NormalizedChannels()
    {
        if (Stem == StemKind.Deep) yield return StageWidths[0] / 2;
        yield return StageWidths[0];
        foreach (int width in StageWidths)
        {
            yield return Block == BlockKind.Basic ? width : (int)OptionChecks.BottleneckWidth(width, WidthPerGroup, Groups);
            yield return width * Expansion;
        }
    }

    private static void Require(bool holds, string property, object value, string accepted) => OptionChecks.Require(holds, Owner, property, value, accepted);

    private static bool IsThere(Device device) =>
        device.type == DeviceType.CPU || (device.type == DeviceType.CUDA && cuda.is_available() && device.index < cuda.device_count());

    private static string Devices() =>
        cuda.is_available()
            ? $"cpu or cuda:0 to cuda:{cuda.device_count() - 1}"
            : "cpu, since libtorch finds no CUDA device on this machine";

    // A device has no equality of its own, and widths that were left out are those that they come to.
    private (BlockKind, bool, StemKind, object, object, int, int, StridePlacement, ShortcutKind, int?, Norm, double, double, bool, int, int, DeviceType, int, ScalarType) Values() =>
        (Block, PreActivation, Stem, StageDepths, StageWidths, Groups, WidthPerGroup, StridePlacement, Shortcut, OutputStride, Norm, Dropout, StochasticDepth,
            ZeroInitLastNorm, Classes, InputChannels, Device.type, Device.index, DType);
}
