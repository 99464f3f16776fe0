using System.Runtime.ExceptionServices;
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
/// <param name="readBytesInto">Reads a tensor of bytes into memory of its length.</param>
/// <param name="shapeOf">Gives the shape of a tensor.</param>
internal sealed class WeightStore(
    InferencePlan plan, KernelSet kernels, Int8Kernels int8, int largestTile, int threads, Func<string, float[]> read,
    Action<string, Span<float>> readInto, Action<string, Span<sbyte>> readBytesInto, Func<string, IReadOnlyList<long>> shapeOf)
    : IDisposable
{
    private readonly Dictionary<(int Layer, Algorithm Algorithm), PackedWeights> _packed = [];
    private readonly List<NativeBuffer> _memory = [];
    private readonly Dictionary<(int Layer, bool IsBias), NativeBuffer> _vectors = [];
    private readonly Dictionary<int, PackedInt8> _int8 = [];
    private readonly Lock _packing = new();

    internal KernelSet Kernels => kernels;

    internal Int8Kernels Int8Kernels => int8;

    internal int LargestTile => largestTile;

    /// <summary>Packs the weights of layers that are not there yet, several at the same time.</summary>
    /// <param name="choices">The algorithm of each layer of the plan; what is not a convolution of floats is Direct.</param>
    internal void PackAll(ReadOnlySpan<Algorithm> choices)
    {
        lock (_packing)
        {
            var (floats, bytes) = (new List<(int Layer, Algorithm Algorithm)>(), new List<int>());
            for (int i = 0; i < choices.Length; i++)
            {
                var kind = plan.Layers[i].Kind;
                if (kind is LayerKind.Convolution or LayerKind.Linear && !_packed.ContainsKey((i, choices[i])))
                    floats.Add((i, choices[i]));
                if (plan.Layers[i].IsInt8 && !_int8.ContainsKey(i)) bytes.Add(i);
            }
            if (floats.Count > 0) PackFloats(floats);
            if (bytes.Count > 0) PackBytes(bytes);
        }
    }

    /// <summary>The weights of a convolution or a linear layer, which <see cref="PackAll"/> has packed.</summary>
    internal PackedWeights Packed(int layer, Algorithm algorithm)
    {
        lock (_packing) return _packed[(layer, algorithm)];
    }

    /// <summary>The weights of a layer of bytes, which <see cref="PackAll"/> has packed.</summary>
    internal PackedInt8 PackedBytes(int layer)
    {
        lock (_packing) return _int8[layer];
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
        foreach (var memory in _memory) memory.Dispose();
        foreach (var packed in _int8.Values) packed.Dispose();
        foreach (var vector in _vectors.Values) vector.Dispose();
    }

    private unsafe void PackFloats(List<(int Layer, Algorithm Algorithm)> layers)
    {
        PackedWeights[] packed = [.. layers.Select(entry => Prepare(entry.Layer, entry.Algorithm))];
        long[] places = new long[layers.Count];
        for (int i = 1; i < places.Length; i++) places[i] = places[i - 1] + packed[i - 1].Floats;
        var memory = new NativeBuffer(places[^1] + packed[^1].Floats);
        try
        {
            PackTogether([.. layers.Select(entry => entry.Layer)], sizeof(float), (i, weights) =>
            {
                var layer = plan.Layers[layers[i].Layer];
                readInto(layer.Weight!, new Span<float>((void*)weights, (int)Count(layers[i].Layer)));
                packed[i].Pack((float*)weights, layer.Bias is null ? null : read(layer.Bias), memory.Address + places[i]);
            });
        }
        catch
        {
            memory.Dispose();
            throw;
        }
        _memory.Add(memory);
        for (int i = 0; i < packed.Length; i++) _packed.Add(layers[i], packed[i]);
    }

    private unsafe void PackBytes(List<int> layers)
    {
        var packed = new PackedInt8?[layers.Count];
        try
        {
            PackTogether(layers, sizeof(sbyte), (i, weights) =>
            {
                var layer = plan.Layers[layers[i]];
                var source = plan.Layers[layer.Input - 1];
                var shape = shapeOf(layer.Weight!);
                var values = new Span<sbyte>((void*)weights, (int)Count(layers[i]));
                readBytesInto(layer.Weight!, values);
                packed[i] = new PackedInt8(
                    int8, values, read(layer.WeightScale!), layer.Bias is null ? null : read(layer.Bias),
                    ((int)shape[0], (int)shape[1], layer.Kernel * layer.Kernel), plan.Pitch(layer.Input, (int)shape[1]),
                    (source.Scale, source.ZeroPoint),
                    layer.GivesBytes ? layer.Scale : 1);
            });
        }
        catch
        {
            foreach (var one in packed) one?.Dispose();
            throw;
        }
        for (int i = 0; i < packed.Length; i++) _int8.Add(layers[i], packed[i]!);
    }

    // Calls pack for the place of each layer in the list, with memory for its weights; the largest layers first, so that no thread is left
    // alone with one at the end.
    private unsafe void PackTogether(List<int> layers, int bytesOfWeight, Action<int, nint> pack)
    {
        int[] order = [.. Enumerable.Range(0, layers.Count).OrderByDescending(i => Count(layers[i]))];
        int workers = Math.Min(threads, order.Length), next = 0;
        try
        {
            Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, _ =>
            {
                // For the first layer, and later ones are no larger. Not on the collector's heap, where it would stay for a while.
                NativeBuffer? weights = null;
                try
                {
                    for (int i; (i = Interlocked.Increment(ref next) - 1) < order.Length;)
                    {
                        weights ??= new NativeBuffer((Count(layers[order[i]]) * bytesOfWeight / sizeof(float)) + 1, isCleared: false);
                        pack(order[i], (nint)weights.Address);
                    }
                }
                finally
                {
                    weights?.Dispose();
                }
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    private PackedWeights Prepare(int index, Algorithm algorithm)
    {
        var layer = plan.Layers[index];
        var shape = shapeOf(layer.Weight!);
        var (output, input) = ((int)shape[0], (int)shape[1]);
        return algorithm == Algorithm.Direct
            ? PackedWeights.Direct(kernels, (output, input, layer.Kernel, layer.Kernel), layer.Groups, readsImages: index == 0)
            : PackedWeights.Winograd(kernels, AlgorithmChoice.Size(algorithm), output, input);
    }

    /// <summary>The number of a layer's weights.</summary>
    internal long Count(int layer) => shapeOf(plan.Layers[layer].Weight!).Aggregate(1L, (product, side) => product * side);
}
