using ResNet.Core.Weights.Formats.Storage;
using ResNet.Inference.Files;
using ResNet.Inference.Plans;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Export;

/// <summary>A plan for inference under construction, with its weights in single precision.</summary>
internal sealed class PlanWriter
{
    private readonly Dictionary<Module, string> _names = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, Tensor> _tensors = [];

    /// <summary>Makes a plan without layers.</summary>
    /// <param name="network">The network whose layers give the weights their names.</param>
    internal PlanWriter(Module network)
    {
        foreach (var (name, module) in network.named_modules()) _names[module] = name;
    }

    /// <summary>The layers so far.</summary>
    internal List<Layer> Layers { get; } = [];

    /// <summary>The outputs of the stem and of the stages so far.</summary>
    internal List<int> Stages { get; } = [];

    internal Layer Convolution(Conv2d layer, int input) => new()
    {
        Kind = LayerKind.Convolution,
        Input = input,
        Weight = Store(layer, "weight", layer.weight),
        Bias = layer.bias is null ? null : Store(layer, "bias", layer.bias),
        Kernel = (int)layer.kernel_size[0],
        Stride = (int)layer.stride[0],
        Padding = (int)layer.padding![0],
        Dilation = (int)layer.dilation[0],
        Groups = (int)layer.groups,
    };

    internal Layer Linear(Linear layer, int input) => new()
    {
        Kind = LayerKind.Linear,
        Input = input,
        Weight = Store(layer, "weight", layer.weight),
        Bias = Store(layer, "bias", layer.bias),
    };

    internal Layer GroupNorm(GroupNorm layer, int input) => new()
    {
        Kind = LayerKind.GroupNorm,
        Input = input,
        Weight = Store(layer, "weight", layer.weight),
        Bias = Store(layer, "bias", layer.bias),
        Groups = (int)layer.num_groups,
        Epsilon = (float)layer.eps,
    };

    /// <summary>A batch norm as a scale and a shift, computed in double precision.</summary>
    internal Layer Scale(Module layer, Tensor? weight, Tensor? bias, Tensor? mean, Tensor? variance, double epsilon, int input)
    {
        if (weight is null || bias is null || mean is null || variance is null) throw Incomplete(layer);
        var scale = weight.to(ScalarType.Float64) / variance.to(ScalarType.Float64).Plus(epsilon).sqrt();
        return new Layer
        {
            Kind = LayerKind.Pointwise,
            Input = input,
            Weight = Store(layer, "scale", scale),
            Bias = Store(layer, "shift", bias.to(ScalarType.Float64) - (mean.to(ScalarType.Float64) * scale)),
        };
    }

    /// <summary>Checks the plan.</summary>
    /// <returns>What writes the file.</returns>
    internal Action<Stream> Finish(int channels, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var plan = new InferencePlan { Channels = channels, Layers = Layers, Stages = Stages };
        try
        {
            plan.Check(name => _tensors.TryGetValue(name, out var tensor) ? tensor.shape : null);
        }
        catch (FormatException e)
        {
            throw new ArgumentException($"The network cannot be saved for inference: {e.Message}.", e);
        }
        var writer = new InferenceFileWriter();
        foreach (var (name, tensor) in _tensors) writer.AddFloats(name, tensor.shape, file => TensorBytes.Write(file, tensor));
        return stream => writer.Write(stream, plan, metadata);
    }

    private string Store(Module layer, string parameter, Tensor? value)
    {
        if (value is null) throw Incomplete(layer);
        if (!value.isfinite().all().item<bool>())
        {
            throw new ArgumentException(
                $"The network cannot be saved for inference: {parameter} of its layer {_names[layer]} contains NaN or infinite numbers.");
        }
        string name = $"{_names[layer]}.{parameter}";
        _tensors[name] = value.detach().to(ScalarType.Float32).cpu();
        return name;
    }

    private ArgumentException Incomplete(Module layer) => new(
        $"The network cannot be saved for inference: its layer {_names[layer]} lacks weights or statistics.");
}
