using ResNet.Core.Blocks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>
/// The options of a residual network. A bad value is refused when it is set; values that do not fit together are refused when
/// the network is built. The defaults are ResNet-18 for ImageNet; <see cref="ResNets.Options"/> gives the options of the other
/// named networks.
/// </summary>
public sealed record ResNetOptions
{
    /// <summary>Classes of ImageNet, the default of <see cref="Classes"/>.</summary>
    public const int ImageNetClasses = 1000;

    private const int StandardWidth = 64;
    private const int MaximumStages = 8;
    private const int MaximumBlocks = 10_000;

    private readonly IReadOnlyList<int>? _stageWidths;

    /// <summary>The residual block. Default: <see cref="BlockKind.Basic"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="BlockKind"/>.</exception>
    public BlockKind Block { get; init => field = Require.Defined(this, value); } = BlockKind.Basic;

    /// <summary>
    /// Whether norm and ReLU come before each convolution instead of after it (He et al. 2016, https://arxiv.org/abs/1603.05027):
    /// <see cref="PreActBasicBlock"/> and <see cref="PreActBottleneck"/>, and a last norm before the pooling. Default: false.
    /// </summary>
    public bool PreActivation { get; init; }

    /// <summary>The layers before the first stage. Default: <see cref="StemKind.Standard"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="StemKind"/>.</exception>
    public StemKind Stem { get; init => field = Require.Defined(this, value); } = StemKind.Standard;

    /// <summary>
    /// Blocks of each stage, first to last: one to eight stages of 1 to 10,000 blocks. Every stage after the first halves the
    /// resolution. Default: 2, 2, 2, 2.
    /// </summary>
    /// <exception cref="InvalidOptionException">There are no stages, more than eight, or one without blocks or with too many.</exception>
    public IReadOnlyList<int> StageDepths
    {
        get;
        init => field = new NumberList<int>(Require.That(
            this, value, value is { Count: >= 1 and <= MaximumStages } && value.All(depth => depth is >= 1 and <= MaximumBlocks),
            $"one to {MaximumStages} stages of 1 to {MaximumBlocks} blocks"));
    } = new NumberList<int>([2, 2, 2, 2]);

    /// <summary>
    /// Channels of each stage before expansion, 1 to 1,048,576 each and one number for every stage. The stem has as many channels
    /// as the first. Default: 64, and twice as many in each further stage.
    /// </summary>
    /// <exception cref="InvalidOptionException">A width is out of its range.</exception>
    public IReadOnlyList<int> StageWidths
    {
        get => _stageWidths ?? new NumberList<int>(StageDepths.Select((_, i) => StandardWidth << i));
        init => _stageWidths = new NumberList<int>(Require.That(
            this, value, value is { Count: >= 1 } && value.All(width => width is >= 1 and <= BlockOptions.MaximumChannels),
            $"1 to {BlockOptions.MaximumChannels} for every stage"));
    }

    /// <summary>Groups of each bottleneck's 3×3 convolution, at least 1 (ResNeXt, https://arxiv.org/abs/1611.05431). Default: 1.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Groups { get; init => field = Require.AtLeast(this, value, 1); } = 1;

    /// <summary>
    /// Width of each group in a stage of width 64, at least 1; proportional in other stages. 128 with a single group gives the wide
    /// networks (https://arxiv.org/abs/1605.07146). Default: 64.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int WidthPerGroup { get; init => field = Require.AtLeast(this, value, 1); } = BlockOptions.StandardWidthPerGroup;

    /// <summary>The convolution of a bottleneck that has the stride. Default: <see cref="StridePlacement.Conv3x3"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="StridePlacement"/>.</exception>
    public StridePlacement StridePlacement { get; init => field = Require.Defined(this, value); }

    /// <summary>
    /// The shortcut around a block's convolutions: options A, B and C of the paper and others. Default:
    /// <see cref="ShortcutKind.Projection"/>, option B.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is not one of <see cref="ShortcutKind"/>.</exception>
    public ShortcutKind Shortcut { get; init => field = Require.Defined(this, value); } = ShortcutKind.Projection;

    /// <summary>
    /// The greatest ratio of the input's size to the size of the last stage's output: 8, 16 or 32. Stages that would exceed it
    /// keep their size and dilate their 3×3 convolutions instead, with the same weights (Yu and Koltun 2016,
    /// https://arxiv.org/abs/1511.07122). Default: null, every stage after the first halves the size.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is not one of these.</exception>
    public int? OutputStride
    {
        get;
        init => field = Require.That(this, value, value is null or 8 or 16 or 32, "8, 16, 32 or null");
    }

    /// <summary>The kind of normalisation. Default: <see cref="Norm.Batch"/>.</summary>
    /// <exception cref="InvalidOptionException">The value is null.</exception>
    public Norm Norm
    {
        get;
        init => field = Require.That(this, value, value is not null, Norm.Kinds);
    } = Norm.Batch;

    /// <summary>The probability that training sets a feature before the classifier to 0, at least 0 and less than 1. Default: 0.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double Dropout { get; init => field = Require.Part(this, value); }

    /// <summary>
    /// The probability that training leaves out the last block's convolutions for an image, at least 0 and less than 1; block
    /// l of L has l / L of it (Huang et al. 2016, https://arxiv.org/abs/1603.09382, linear decay). Default: 0.
    /// </summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public double StochasticDepth { get; init => field = Require.Part(this, value); }

    /// <summary>
    /// Whether the last norm in each block's branch starts with a weight of 0, so that every block starts as its shortcut
    /// (Goyal et al. 2017, https://arxiv.org/abs/1706.02677; torchvision's <c>zero_init_residual</c>). Default: false.
    /// </summary>
    public bool ZeroInitLastNorm { get; init; }

    /// <summary>The number of classes, at least 1: the length of the network's output. Default: 1000.</summary>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public int Classes { get; init => field = Require.AtLeast(this, value, 1); } = ImageNetClasses;

    /// <summary>Channels of the input images, 1 to 1,048,576: 3 for colour, 1 for grey. Default: 3.</summary>
    /// <exception cref="InvalidOptionException">The value is out of its range.</exception>
    public int InputChannels
    {
        get;
        init => field = Require.Between(this, value, 1, BlockOptions.MaximumChannels);
    } = 3;

    /// <summary>The device of the network. Default: the CPU.</summary>
    /// <exception cref="InvalidOptionException">The device is CUDA, and this machine has no CUDA or no device of this index.</exception>
    public Device Device
    {
        // A device loads libtorch, which the options of the catalogue do not need.
        get => field ?? CPU;
        init => field = Require.That(this, value, value is not null && IsThere(value), Devices());
    }

    /// <summary>The type of the weights: Float32, Float64, BFloat16, or on CUDA Float16. Default: Float32.</summary>
    /// <exception cref="InvalidOptionException">The value is another type.</exception>
    public ScalarType DType
    {
        get;
        init => field = Require.That(
            this, value, value is ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16 or ScalarType.Float16,
            "Float32, Float64, BFloat16 or Float16");
    } = ScalarType.Float32;

    internal int Expansion => Block == BlockKind.Basic ? BasicBlock.Expansion : Bottleneck.Expansion;

    /// <summary>Returns whether all values are the same, stage by stage.</summary>
    public bool Equals(ResNetOptions? other) => other is not null && Values().Equals(other.Values());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Block, StageDepths, StageWidths, Groups, WidthPerGroup, Shortcut, Norm, Classes);

    /// <summary>Throws if values do not fit together.</summary>
    /// <exception cref="InvalidOptionException">Some values do not fit together.</exception>
    internal void Validate()
    {
        Require.That(
            this, StageWidths, StageWidths.Count == StageDepths.Count, $"{StageDepths.Count} numbers, one for each stage of StageDepths",
            nameof(StageWidths));
        Require.That(
            this, StageWidths, Stem != StemKind.Deep || StageWidths[0] % 2 == 0, "even at first where the stem is Deep, which halves it",
            nameof(StageWidths));
        BlockOptions.RequireFit(this, Block == BlockKind.Bottleneck, StageWidths, Groups, WidthPerGroup, StridePlacement);
        foreach (int channels in NormalizedChannels()) Norm.Check(nameof(ResNetOptions), channels);
        Require.That(
            this, StochasticDepth, StochasticDepth == 0 || Shortcut != ShortcutKind.None,
            "0 without shortcuts, since nothing would be left of a block", nameof(StochasticDepth));
        Require.That(
            this, StageWidths,
            Shortcut != ShortcutKind.ZeroPadding || StageWidths.Zip(StageWidths.Skip(1)).All(pair => pair.First <= pair.Second),
            "no smaller from stage to stage where the shortcut is ZeroPadding, which only adds channels", nameof(StageWidths));
        if (ZeroInitLastNorm) RequireTrainedLastNorm();
        Require.That(
            this, DType, DType != ScalarType.Float16 || Device.type == DeviceType.CUDA,
            "Float32, Float64 or BFloat16 on the CPU", nameof(DType));
    }

    private void RequireTrainedLastNorm()
    {
        Refuse(Shortcut == ShortcutKind.None, "without shortcuts, since no signal would pass");
        Refuse(PreActivation, "with pre-activation, whose branches end with a convolution");
        Refuse(Norm == Norm.FrozenBatch || Norm == Norm.Folded, $"where the norm is {Norm}, which is not trained");

        void Refuse(bool isSo, string reason) => Require.That(this, ZeroInitLastNorm, !isSo, $"false {reason}", nameof(ZeroInitLastNorm));
    }

    private IEnumerable<int> NormalizedChannels()
    {
        if (Stem == StemKind.Deep) yield return StageWidths[0] / 2;
        yield return StageWidths[0];
        foreach (int width in StageWidths)
        {
            yield return Block == BlockKind.Basic ? width : (int)BlockOptions.BottleneckWidthOf(width, WidthPerGroup, Groups);
            yield return width * Expansion;
        }
    }

    private static bool IsThere(Device device) =>
        device.type == DeviceType.CPU || (device.type == DeviceType.CUDA && cuda.is_available() && device.index < cuda.device_count());

    private static string Devices() =>
        cuda.is_available()
            ? $"cpu or cuda:0 to cuda:{cuda.device_count() - 1}"
            : "cpu, since libtorch finds no CUDA device on this machine";

    // Devices have no value equality, so their type and index are compared. Omitted widths are compared by their resolved values.
    private (
        BlockKind, bool, StemKind, object, object, int, int, StridePlacement, ShortcutKind, int?, Norm, double, double,
        bool, int, int, DeviceType, int, ScalarType) Values() => (
            Block, PreActivation, Stem, StageDepths, StageWidths, Groups, WidthPerGroup, StridePlacement, Shortcut, OutputStride,
            Norm, Dropout, StochasticDepth, ZeroInitLastNorm, Classes, InputChannels, Device.type, Device.index, DType);
}
