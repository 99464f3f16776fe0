using ResNet.Core.Inspection;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Kernels;

namespace ResNet.Core.Passes.Convolutions;

/// <summary>The weights of a convolution, which are packed each time before they are used: there is memory for one layer's.</summary>
internal sealed unsafe class LayerWeights
{
    private readonly PackedWeights _packed;
    private readonly bool _isPadded;
    private readonly int _threads;

    /// <param name="packed">The order of the weights.</param>
    /// <param name="isPadded">Whether there are channels in memory that no weight belongs to.</param>
    /// <param name="place">Memory for the weights.</param>
    /// <param name="threads">The most threads that pack together.</param>
    internal LayerWeights(PackedWeights packed, bool isPadded, float* place, int threads)
    {
        (_packed, _isPadded, _threads) = (packed, isPadded, threads);
        packed.Place(place);
    }

    internal int Depth => _packed.Depth;

    internal nint Weights => _packed.Weights;

    internal Panel[] Panels => _packed.Panels;

    internal nint Bias => _packed.Bias;

    /// <summary>Packs the weights.</summary>
    /// <param name="threads">The threads.</param>
    /// <param name="weights">The module's weights.</param>
    internal void Pack(PassThreads threads, float* weights)
    {
        // The bias is zeros.
        long cleared = _isPadded ? _packed.Floats : (_packed.Weights - _packed.Bias) / sizeof(float);
        new Span<float>((float*)_packed.Bias, (int)cleared).Clear();
        var work = new RowsWork(
            _packed.Panels.Length, 1, _threads, panels => _packed.Pack(weights, _packed.Panels[panels.Start.Value]));
        threads.Run(work, TrainingWorkKind.Pack);
    }
}
