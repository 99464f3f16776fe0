using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ResNet.Core.Inference;

/// <summary>
/// A network without batch norms after its convolutions, in the blocked layout of oneDNN's kernels (https://uxlfoundation.github.io/oneDNN/dev_guide_understanding_memory_formats.html):
/// weights are brought into it once instead of at every pass, and activations stay in it from the first layer to the last. TorchSharp has no functions for it; libtorch's
/// TorchScript has.
/// </summary>
internal sealed class OneDnnNetwork : IDisposable
{
    private const string Logits = "logits";
    private const string Stages = "stages";
    private const string Features = "features";

    // libtorch can be built without it, and on other processors it has few fast kernels.
    private static readonly Lazy<bool> s_isAvailable = new(() => RuntimeInformation.ProcessArchitecture == Architecture.X64 && Works());

    private readonly jit.CompilationUnit _functions;
    private readonly Tensor[] _weights;

    private OneDnnNetwork(Script script) => (_functions, _weights) = script.Compile();

    /// <summary>Makes one of a network's weights, which it holds a second time.</summary>
    /// <param name="network">The network.</param>
    /// <returns>Null where there is none for this network or this machine.</returns>
    internal static OneDnnNetwork? TryCreate(ResNetModel network)
    {
        if (!s_isAvailable.Value || network.Device.type != TorchSharp.DeviceType.CPU || network.DType != ScalarType.Float32) return null;
        var script = new Script();
        try
        {
            Describe(network, script);
        }
        catch (NotSupportedException)
        {
            return null;
        }
        return new OneDnnNetwork(script);
    }

    public void Dispose()
    {
        _functions.Dispose();
        foreach (var weight in _weights) weight.Dispose();
    }

    /// <inheritdoc cref="ResNetModel.forward"/>
    internal Tensor Forward(Tensor input)
    {
        using var logits = Invoke(Logits, input)[0];
        return logits.flatten(1);
    }

    /// <inheritdoc cref="ResNetModel.ForwardStages"/>
    internal Tensor[] ForwardStages(Tensor input) => Invoke(Stages, input);

    /// <inheritdoc cref="ResNetModel.ForwardFeatures"/>
    internal (Tensor Map, Tensor Pooled) ForwardFeatures(Tensor input)
    {
        var results = Invoke(Features, input);
        using var pooled = results[1];
        return (results[0], pooled.flatten(1));
    }

    /// <exception cref="NotSupportedException">A layer is not one of those that oneDNN's tensors go through.</exception>
    private static void Describe(ResNetModel network, Script script)
    {
        script.Function(Logits, images => [network.Describe(images)]);
        script.Function(Stages, network.DescribeStages);
        script.Function(Features, images =>
        {
            var map = network.DescribeMap(network.DescribeStages(images).Last());
            return [map, network.DescribePooling(map)];
        });
    }

    private static bool Works()
    {
        const string probe = "probe";
        using var scope = NewDisposeScope();
        try
        {
            using var functions = jit.compile($"def {probe}(x: Tensor) -> Tensor:\n  return x.to_mkldnn().to_dense()\n");
            functions.invoke<Tensor>(probe, zeros(1));
            return true;
        }
        catch (ExternalException)
        {
            return false;
        }
    }

    private Tensor[] Invoke(string function, Tensor input) => _functions.invoke<Tensor[]>(function, input, _weights);
}
