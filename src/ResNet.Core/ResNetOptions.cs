using ResNet.Core.Blocks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>
/// What a residual network consists of and what it is for. A bad value is refused when it is set. The defaults are
/// ResNet-18 for ImageNet; <see cref="ResNets.Options"/> gives those of the other named networks.
/// </summary>
public sealed record ResNetOptions
{
    /// <summary>Classes of ImageNet, the default of <see cref="Classes"/>.</summary>
    public const int ImageNetClasses = 1000;

    private const int MaximumStages = 8;

    /// <summary>The residual block. Default: <see cref="BlockKind.Basic"/>.</summary>
    /// <exception cref="ArgumentException">The value is not one of <see cref="BlockKind"/>.</exception>
    public BlockKind Block
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw Refused(nameof(Block), value, $"one of {string.Join(", ", Enum.GetNames<BlockKind>())}");
    } = BlockKind.Basic;

    /// <summary>
    /// Blocks of each stage, first to last. The first stage has 64 channels (before expansion), each further one twice
    /// as many at half the resolution. One to eight stages of at least one block. Default: 2, 2, 2, 2.
    /// </summary>
    /// <exception cref="ArgumentException">There are no stages, more than eight, or one without blocks.</exception>
    public IReadOnlyList<int> StageDepths
    {
        get;
        init => field = value is { Count: >= 1 and <= MaximumStages } && value.All(depth => depth >= 1)
            ? [.. value]
            : throw Refused(nameof(StageDepths), value is null ? "null" : $"[{string.Join(", ", value)}]", $"one to {MaximumStages} stages of at least one block");
    } = [2, 2, 2, 2];

    /// <summary>Classes the network tells apart, at least 1: the length of its output. Default: 1000.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int Classes
    {
        get;
        init => field = value >= 1 ? value : throw Refused(nameof(Classes), value, "at least 1");
    } = ImageNetClasses;

    /// <summary>Channels of the input images, at least 1: 3 for colour, 1 for grey. Default: 3.</summary>
    /// <exception cref="ArgumentException">The value is less than 1.</exception>
    public int InputChannels
    {
        get;
        init => field = value >= 1 ? value : throw Refused(nameof(InputChannels), value, "at least 1");
    } = 3;

    /// <summary>Where the network is put. Default: the CPU.</summary>
    /// <exception cref="ArgumentException">The device is CUDA and this machine has none, or no such one.</exception>
    public Device Device
    {
        get;
        init => field = IsThere(value) ? value : throw Refused(nameof(Device), value, Devices());
    } = CPU;

    /// <summary>Whether all values are the same, stage by stage.</summary>
    public bool Equals(ResNetOptions? other) =>
        other is not null && Block == other.Block && StageDepths.SequenceEqual(other.StageDepths) && Classes == other.Classes
        && InputChannels == other.InputChannels && Device.type == other.Device.type && Device.index == other.Device.index;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Block, StageDepths.Sum(), Classes, InputChannels, Device.type, Device.index);

    private static bool IsThere(Device device) =>
        device.type == DeviceType.CPU || (device.type == DeviceType.CUDA && cuda.is_available() && device.index < cuda.device_count());

    private static string Devices() =>
        cuda.is_available()
            ? $"cpu or cuda:0 to cuda:{cuda.device_count() - 1}"
            : "cpu, since libtorch finds no CUDA device on this machine";

    private static ArgumentException Refused(string property, object value, string accepted) =>
        new($"{nameof(ResNetOptions)}.{property} is {value}, but has to be {accepted}.", property);
}
