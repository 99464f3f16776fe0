using ResNet.Inference.Execution.Buffers;

namespace ResNet.Core.Passes.Steps;

/// <summary>Memory that the layers of a pass use one after the other.</summary>
/// <param name="tiles">The floats of transformed tiles.</param>
/// <param name="weights">The floats of packed weights.</param>
/// <param name="sums">The floats of the weights' gradients, or of sums on the way there.</param>
/// <param name="parts">The floats of a gradient in parts, or of weights that are turned.</param>
/// <param name="zeros">The channels of a pixel of zeros.</param>
internal sealed class PassMemory(long tiles, long weights, long sums, long parts, int zeros) : IDisposable
{
    /// <summary>Transformed tiles of Winograd's algorithm.</summary>
    internal NativeBuffer Tiles { get; } = new(tiles, isCleared: false);

    /// <summary>The weights of a convolution, in the order of the kernels.</summary>
    internal NativeBuffer Weights { get; } = new(Math.Max(weights, sums), isCleared: false);

    /// <summary>
    /// The gradients of a convolution's weights in the order of the kernels, or sums of each thread on the way there. Weights are packed
    /// into the same memory afterwards.
    /// </summary>
    internal NativeBuffer Sums => Weights;

    /// <summary>
    /// The gradient of a strided convolution's input, in parts; before it, the weights of groups on the way to the others.
    /// </summary>
    internal NativeBuffer Parts { get; } = new(parts, isCleared: false);

    /// <summary>A pixel of zeros.</summary>
    internal NativeBuffer Zeros { get; } = new(zeros);

    public void Dispose()
    {
        Tiles.Dispose();
        Weights.Dispose();
        Parts.Dispose();
        Zeros.Dispose();
    }
}
