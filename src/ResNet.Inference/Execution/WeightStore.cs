using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;
using ResNet.Inference.Kernels.Int8;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Execution;

/// <summary>The weights of a network, packed when a session first needs them.</summary>
/// <param name="plan">The network.</param>
/// <param name="kernels">The kernels.</param>
/// <param name="int8">The kernels on bytes.</param>
/// <param name="largestTile">The largest tile of Winograd's algorithm: 4, 2 or 0.</param>
/// <param name="threads">The most threads that pack together.</param>
/// <param name="read">Reads a tensor in the order of the file.</param>
/// <param name="readInto">Reads a tensor into memory of its length.</param>
/// <param name="readBytes">Reads a tensor of bytes.</param>
/// <param name="shapeOf">Gives the shape of a tensor.</param>
internal sealed class WeightStore(
    InferencePlan plan, KernelSet kernels, Int8Kernels int8, int largestTile, int threads, Func<string, float[]> read,
    Action<string, Span<float>> readInto, Func<string, sbyte[]> readBytes, Func<string, IReadOnlyList<long>> shapeOf)
    : IDisposable
{
    private readonly Dictionary<(int Layer, Algorithm Algorithm), PackedWeights> _packed = [];
    private readonly Dictionary<(int Layer, bool IsBias), NativeBuffer> _vectors = [];
    private readonly Dictionary<int, PackedInt8> _int8 = [];
    private readonly Lock _packing = new();

    internal KernelSet Kernels => kernels;

    internal Int8Kernels Int8Kernels => int8;

    internal int LargestTile => largestTile;

    /// <summary>The weights of a convolution or a linear layer.</summary>
    internal PackedWeights Pack(int layer, Algorithm algorithm)
    {
        lock (_packing)
        {
            if (!_packed.TryGetValue((layer, algorithm), out var packed))
                _packed.Add((layer, algorithm), packed = PackNow(layer, algorithm));
            return packed;
        }
    }

    /// <summary>The weights of a convolution of bytes.</summary>
    internal PackedInt8 PackInt8(int index)
    {
        lock (_packing)
        {
            if (_int8.TryGetValue(index, out var packed)) return packed;
            var layer = plan.Layers[index];
            var source = plan.Layers[layer.Input - 1];
            var shape = shapeOf(layer.Weight!);
            packed = new PackedInt8(
                int8, readBytes(layer.Weight!), read(layer.WeightScale!), layer.Bias is null ? null : read(layer.Bias),
                ((int)shape[0], (int)shape[1], layer.Kernel * layer.Kernel), (source.Scale, source.ZeroPoint),
                layer.GivesBytes ? layer.Scale : 1);
            _int8.Add(index, packed);
            return packed;
        }
    }

    /// <summary>Scale or shift of a layer, padded to the channels in memory; null if it has none.</summary>
    internal NativeBuffer? Vector(int layer, bool isBias)
    {
        if ((isBias ? plan.Layers[layer].Bias : plan.Layers[layer].Weight) is not { } name) return null;
        lock (_packing)
        {
            if (!_vectors.TryGetValue((layer, isBias), out var vector))
            {
                float[] values = read(name);
                _vectors.Add((layer, isBias), vector = PackedWeights.Padded(values, KernelSet.Channels(values.Length)));
            }
            return vector;
        }
    }

    public void Dispose()
    {
        foreach (var packed in _packed.Values) packed.Dispose();
        foreach (var packed in _int8.Values) packed.Dispose();
        foreach (var vector in _vectors.Values) vector.Dispose();
    }

    private unsafe PackedWeights PackNow(int index, Algorithm algorithm)
    {
        var layer = plan.Layers[index];
        var shape = shapeOf(layer.Weight!);
        var (output, input) = ((int)shape[0], (int)shape[1]);
        // Not on the collector's heap, where it would stay for a while after it was packed.
        using var weights = new NativeBuffer(shape.Aggregate(1L, (product, side) => product * side));
        readInto(layer.Weight!, new Span<float>(weights.Address, (int)weights.Length));
        float[]? bias = layer.Bias is null ? null : read(layer.Bias);
        return algorithm == Algorithm.Direct
            ? PackedWeights.Direct(
                kernels, weights, bias, (output, input, layer.Kernel, layer.Kernel), layer.Groups, readsImages: index == 0, threads)
            : PackedWeights.Winograd(kernels, algorithm == Algorithm.Winograd4 ? 4 : 2, weights, bias, output, input, threads);
    }
}
