using ResNet.Core.Inspection;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;

namespace ResNet.Core.Passes.Convolutions;

/// <summary>
/// The weights of the centre of a kernel, and their gradients. They are all that a convolution of maps of a single pixel has: its other
/// taps lie on zeros, and have gradients of zero.
/// </summary>
/// <param name="count">The pairs of an output and an input channel.</param>
/// <param name="taps">The taps of the kernel.</param>
/// <param name="threads">The most threads that copy together.</param>
internal sealed unsafe class CentreWeights(int count, int taps, int threads) : IDisposable
{
    private readonly NativeBuffer _weights = new(count, isCleared: false);
    private readonly NativeBuffer _gradient = new(count, isCleared: false);

    /// <summary>The weights, as those of a 1×1 convolution.</summary>
    internal float* Weights => _weights.Address;

    /// <summary>Memory for their gradients.</summary>
    internal float* Gradient => _gradient.Address;

    /// <summary>Copies the weights from those of all taps.</summary>
    internal void Gather(PassThreads passThreads, float* all) => passThreads.Run(
        RowsWork.Of(count, threads, range =>
        {
            for (int i = range.Start.Value; i < range.End.Value; i++) Weights[i] = all[((long)i * taps) + (taps / 2)];
        }),
        TrainingWorkKind.Pack);

    /// <summary>Copies the gradients to those of all taps, with zeros for the others.</summary>
    internal void Scatter(PassThreads passThreads, float* all) => passThreads.Run(
        RowsWork.Of(count, threads, range =>
        {
            int length = range.End.Value - range.Start.Value;
            new Span<float>(all + ((long)range.Start.Value * taps), length * taps).Clear();
            for (int i = range.Start.Value; i < range.End.Value; i++) all[((long)i * taps) + (taps / 2)] = Gradient[i];
        }),
        TrainingWorkKind.WeightGradient);

    public void Dispose()
    {
        _weights.Dispose();
        _gradient.Dispose();
    }
}
