using ResNet.Inference.Kernels;

namespace ResNet.Inference.Execution;

/// <summary>Chooses the algorithm of a convolution by its shape, from an estimate of the time that it takes.</summary>
/// <remarks>The choice depends on shapes alone, so that results do not depend on threads or on measurements.</remarks>
internal static class AlgorithmChoice
{
    // The time to read a weight, in multiplications: two cores with vectors of 512 bits multiply about 110 G pairs of numbers a second, and
    // read about 10 G weights a second from the third-level cache and the memory.
    private const double WeightCost = 12;

    // Reading and transforming an element of a tile, and the way back.
    private const double TransformCost = 6;

    /// <summary>The side of an output tile of Winograd's algorithm.</summary>
    internal static int Size(Algorithm algorithm) => algorithm == Algorithm.Winograd4 ? 4 : 2;

    /// <summary>Returns the fastest algorithm.</summary>
    /// <param name="geometry">The convolution.</param>
    /// <param name="depth">Input channels.</param>
    /// <param name="columns">Output channels.</param>
    /// <param name="groups">Groups.</param>
    /// <param name="allowed">The largest tile: 4, 2 or, without Winograd's algorithm, 0.</param>
    internal static Algorithm Choose(in Geometry geometry, int depth, int columns, int groups, int allowed)
    {
        var best = Algorithm.Direct;
        if (geometry is not { KernelHeight: 3, KernelWidth: 3, Stride: 1, Dilation: 1, Padding: 1 } || groups > 1) return best;
        double weights = (double)depth * columns;
        double least = (9.0 * geometry.Pixels * weights) + (WeightCost * 9 * weights);
        foreach (var algorithm in new[] { Algorithm.Winograd2, Algorithm.Winograd4 })
        {
            int size = Size(algorithm);
            if (size > allowed) break;
            int tiles = WinogradBlock.TilesOf(geometry, size);
            double elements = (size + 2) * (size + 2);
            double products = tiles * weights, transforms = TransformCost * tiles * (depth + columns);
            double cost = elements * (products + (WeightCost * weights) + transforms);
            if (cost < least) (best, least) = (algorithm, cost);
        }
        return best;
    }
}
