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
    /// <exception cref="ArgumentException">There is no such network.</exception>
    public static ResNetBuilder From(string name) => new(ResNets.Options(name));

    /// <summary>Sets <see cref="ResNetOptions.Block"/>.</summary>
    public ResNetBuilder Block(BlockKind kind) => With(_options with { Block = kind });

    /// <summary>Sets <see cref="ResNetOptions.StageDepths"/>.</summary>
    public ResNetBuilder StageDepths(params int[] depths) => With(_options with { StageDepths = depths });

    /// <summary>Sets <see cref="ResNetOptions.Classes"/>.</summary>
    public ResNetBuilder Classes(int count) => With(_options with { Classes = count });

    /// <summary>Sets <see cref="ResNetOptions.InputChannels"/>.</summary>
    public ResNetBuilder InputChannels(int count) => With(_options with { InputChannels = count });

    /// <summary>Sets <see cref="ResNetOptions.Device"/>.</summary>
    public ResNetBuilder On(Device device) => With(_options with { Device = device });

    /// <summary>Builds the network with new weights.</summary>
    public ResNetModel Build() => new(_options);

    private ResNetBuilder With(ResNetOptions options)
    {
        _options = options;
        return this;
    }
}
