using ResNet.Core.Blocks;
using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>Sets a network's options step by step. Each value is checked when it is set, as in <see cref="ResNetOptions"/>.</summary>
/// <example><code>var network = ResNetBuilder.From("resnet34").Classes(10).InputChannels(1).Build();</code></example>
public sealed class ResNetBuilder
{
    private ResNetOptions _options;

    /// <summary>Starts from the defaults of <see cref="ResNetOptions"/>: ResNet-18.</summary>
    public ResNetBuilder() : this(new ResNetOptions())
    {
    }

    private ResNetBuilder(ResNetOptions options) => _options = options;

    /// <summary>Starts from a named network.</summary>
    /// <param name="name">One of <see cref="ResNets.Names"/>.</param>
    /// <exception cref="InvalidOptionException">There is no such network.</exception>
    public static ResNetBuilder From(string name) => new(ResNets.Options(name));

    /// <summary>Sets <see cref="ResNetOptions.Block"/>.</summary>
    public ResNetBuilder Block(BlockKind kind) => With(_options with { Block = kind });

    /// <summary>Sets <see cref="ResNetOptions.PreActivation"/>.</summary>
    public ResNetBuilder PreActivation(bool enabled = true) => With(_options with { PreActivation = enabled });

    /// <summary>Sets <see cref="ResNetOptions.Stem"/>.</summary>
    public ResNetBuilder Stem(StemKind kind) => With(_options with { Stem = kind });

    /// <summary>Sets <see cref="ResNetOptions.StageDepths"/>.</summary>
    public ResNetBuilder StageDepths(params int[] depths) => With(_options with { StageDepths = depths });

    /// <summary>Sets <see cref="ResNetOptions.StageWidths"/>.</summary>
    public ResNetBuilder StageWidths(params int[] widths) => With(_options with { StageWidths = widths });

    /// <summary>
    /// Sets <see cref="ResNetOptions.Groups"/> and <see cref="ResNetOptions.WidthPerGroup"/>: ResNeXt's 32×4d is <c>Groups(32, 4)</c>.
    /// </summary>
    public ResNetBuilder Groups(int groups, int widthPerGroup) => With(_options with { Groups = groups, WidthPerGroup = widthPerGroup });

    /// <summary>Sets <see cref="ResNetOptions.StridePlacement"/>.</summary>
    public ResNetBuilder StridePlacement(StridePlacement placement) => With(_options with { StridePlacement = placement });

    /// <summary>Sets <see cref="ResNetOptions.Shortcut"/>.</summary>
    public ResNetBuilder Shortcut(ShortcutKind kind) => With(_options with { Shortcut = kind });

    /// <summary>Sets <see cref="ResNetOptions.OutputStride"/>.</summary>
    public ResNetBuilder OutputStride(int? stride) => With(_options with { OutputStride = stride });

    /// <summary>Sets <see cref="ResNetOptions.Norm"/>.</summary>
    public ResNetBuilder Norm(Norm norm) => With(_options with { Norm = norm });

    /// <summary>Sets <see cref="ResNetOptions.Dropout"/>.</summary>
    public ResNetBuilder Dropout(double rate) => With(_options with { Dropout = rate });

    /// <summary>Sets <see cref="ResNetOptions.StochasticDepth"/>.</summary>
    public ResNetBuilder StochasticDepth(double rate) => With(_options with { StochasticDepth = rate });

    /// <summary>Sets <see cref="ResNetOptions.ZeroInitLastNorm"/>.</summary>
    public ResNetBuilder ZeroInitLastNorm(bool enabled = true) => With(_options with { ZeroInitLastNorm = enabled });

    /// <summary>Sets <see cref="ResNetOptions.Classes"/>.</summary>
    public ResNetBuilder Classes(int count) => With(_options with { Classes = count });

    /// <summary>Sets <see cref="ResNetOptions.InputChannels"/>.</summary>
    public ResNetBuilder InputChannels(int count) => With(_options with { InputChannels = count });

    /// <summary>Sets <see cref="ResNetOptions.Device"/>.</summary>
    public ResNetBuilder On(Device device) => With(_options with { Device = device });

    /// <summary>Sets <see cref="ResNetOptions.DType"/>.</summary>
    public ResNetBuilder DType(ScalarType type) => With(_options with { DType = type });

    /// <summary>Builds the network with new weights.</summary>
    /// <exception cref="InvalidOptionException">Some values do not fit together.</exception>
    public ResNetModel Build() => new(_options);

    private ResNetBuilder With(ResNetOptions options)
    {
        _options = options;
        return this;
    }
}
