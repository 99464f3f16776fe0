using System.Collections.Concurrent;
using ResNet.Inference.Kernels;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Execution;

/// <summary>The weights of a network, packed when a session first needs them.</summary>
/// <param name="plan">The network.</param>
/// <param name="kernels">The kernels.</param>
/// <param name="largestTile">The largest tile of Winograd's algorithm: 4, 2 or 0.</param>
/// <param name="read">Reads a tensor in the order of the file.</param>
/// <param name="shapeOf">Gives the shape of a tensor.</param>
internal sealed class WeightStore(
    InferencePlan plan, KernelSet kernels, int largestTile, Func<string, float[]> read, Func<string, IReadOnlyList<long>> shapeOf) : IDisposable
{
    private readonly ConcurrentDictionary<(int Layer, Algorithm Algorithm), Lazy<PackedWeights>> _packed = new();
    private readonly ConcurrentDictionary<(int Layer, bool IsBias), Lazy<NativeBuffer>> _vectors = new();

    internal KernelSet Kernels => kernels;

    internal int LargestTile => largestTile;

    /// <summary>The bytes of all packed weights.</summary>
    internal long Bytes => _packed.Values.Where(entry => entry.IsValueCreated).Sum(entry => entry.Value.Bytes);

    /// <summary>The weights of a convolution or a linear layer.</summary>
    internal PackedWeights Pack(int layer, Algorithm algorithm) =>
        _packed.GetOrAdd((layer, algorithm), key => new Lazy<PackedWeights>(() => PackNow(key.Layer, key.Algorithm))).Value;

    /// <summary>Scale or shift of a layer, padded to the channels in memory; null if it has none.</summary>
    internal NativeBuffer? Vector(int layer, bool isBias) =>
        (isBias ? plan.Layers[layer].Bias : plan.Layers[layer].Weight) is not { } name
            ? null
            : _vectors.GetOrAdd((layer, isBias), _ => new Lazy<NativeBuffer>(() =>
            {
                var values = read(name);
                return PackedWeights.Padded(values, KernelSet.Channels(values.Length));
            })).Value;

    public void Dispose()
    {
        foreach (var entry in _packed.Values) entry.Value.Dispose();
        foreach (var entry in _vectors.Values) entry.Value.Dispose();
    }

    private PackedWeights PackNow(int index, Algorithm algorithm)
    {
        var layer = plan.Layers[index];
        var shape = shapeOf(layer.Weight!);
        var (output, input) = ((int)shape[0], (int)shape[1]);
        float[] weights = read(layer.Weight!);
        float[]? bias = layer.Bias is null ? null : read(layer.Bias);
        return algorithm == Algorithm.Direct
            ? PackedWeights.Direct(kernels, weights, bias, (output, input, layer.Kernel, layer.Kernel), layer.Groups, readsImages: index == 0)
            : PackedWeights.Winograd(kernels, algorithm == Algorithm.Winograd4 ? 4 : 2, weights, bias, output, input);
    }
}
