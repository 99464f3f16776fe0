using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Steps;
using ResNet.Core.Passes.Threads;
using ResNet.Inference;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;
using ResNet.Inference.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Core.Tests.Passes;

/// <summary>Memory for the maps of a single layer, between canaries, and the way from and to tensors.</summary>
internal sealed unsafe class LayerHarness(VectorWidth vectors, int threads) : IDisposable
{
    private const int Canaries = 64;
    private const float Canary = 12345.678f;

    private readonly List<NativeBuffer> _buffers = [];
    private readonly ThreadTeam _team = new(threads);
    private PassThreads? _passThreads;

    internal KernelSet Set { get; } = KernelSet.For(vectors);

    internal PassKernels Kernels { get; } = PassKernels.For(vectors);

    /// <summary>The threads, as many as there are to be.</summary>
    internal PassThreads PassThreads => _passThreads ??= new PassThreads(_team.TryEnter() ? _team : null, profile: null);

    /// <summary>Makes a map with a gradient; both are full of other numbers.</summary>
    internal PassMap Map(int images, int channels, int height, int width)
    {
        var map = new PassMap(new MapShape(channels, height, width), images);
        map.Data = Memory(map.Floats);
        map.Gradient = Memory(map.Floats);
        return map;
    }

    /// <summary>Makes memory between canaries.</summary>
    internal float* Memory(long floats)
    {
        var buffer = new NativeBuffer(floats + (2 * Canaries), isCleared: false);
        new Span<float>(buffer.Address, (int)buffer.Length).Fill(Canary);
        _buffers.Add(buffer);
        return buffer.Address + Canaries;
    }

    /// <summary>Writes <c>[N, C, H, W]</c>, with zeros in the channels after the last one.</summary>
    internal static void Write(Tensor tensor, float* target, int pitch)
    {
        using var scope = NewDisposeScope();
        using var pixels = tensor.to(ScalarType.Float32).permute(0, 2, 3, 1).contiguous();
        int channels = (int)tensor.size(1);
        var source = pixels.data<float>().ToArray().AsSpan();
        for (int p = 0; p < source.Length / channels; p++)
        {
            var place = new Span<float>(target + ((long)p * pitch), pitch);
            place.Clear();
            source.Slice(p * channels, channels).CopyTo(place);
        }
    }

    /// <summary>Reads <c>[N, C, H, W]</c> in double precision.</summary>
    internal static Tensor Read(PassMap map, float* source)
    {
        var (channels, height, width) = map.Shape;
        float[] values = new float[map.Pixels * channels];
        for (int p = 0; p < map.Pixels; p++)
            new Span<float>(source + ((long)p * map.Pitch), channels).CopyTo(values.AsSpan(p * channels));
        return tensor(values).reshape(map.Images, height, width, channels).permute(0, 3, 1, 2).to(ScalarType.Float64);
    }

    /// <summary>Checks the largest difference, in parts of the largest number, which counts as <paramref name="least"/> at least.</summary>
    internal static void ShouldBeClose(Tensor actual, Tensor expected, double tolerance, string what, double least = 1e-6)
    {
        double largest = expected.abs().max().ToDouble(), difference = (actual - expected).abs().max().ToDouble();
        difference.Should().BeLessThanOrEqualTo(tolerance * Math.Max(largest, least), what);
    }

    public void Dispose()
    {
        if (_passThreads is not null && threads > 1) _team.Exit();
        _team.Dispose();
        foreach (var buffer in _buffers)
        {
            var all = new Span<float>(buffer.Address, (int)buffer.Length);
            all[..Canaries].ContainsAnyExcept(Canary).Should().BeFalse("nothing is written before the memory");
            all[^Canaries..].ContainsAnyExcept(Canary).Should().BeFalse("nothing is written after the memory");
            buffer.Dispose();
        }
    }
}
