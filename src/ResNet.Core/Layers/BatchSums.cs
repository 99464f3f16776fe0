using static TorchSharp.torch;

namespace ResNet.Core.Layers;

/// <summary>
/// Several processes, over whose images together the batch norms of a network compute their statistics, while one thread of each computes
/// the network.
/// </summary>
/// <param name="sum">Replaces a tensor by the sum over all processes: the same bits in each.</param>
internal sealed class BatchSums(Action<Tensor> sum)
{
    [ThreadStatic]
    private static BatchSums? s_current;

    /// <summary>Those of the network that this thread computes; null for this process alone.</summary>
    internal static BatchSums? Current => s_current;

    /// <summary>Whether the images here count. A process without images computes some others, to take part in all sums.</summary>
    internal bool Counts { get; private set; } = true;

    /// <summary>Why gradients could not be computed; null if they could.</summary>
    internal Exception? Failure { get; set; }

    /// <summary>Makes them those of this thread until the result is disposed.</summary>
    /// <param name="counts">Whether the images count, until the next call: in the gradients, too.</param>
    internal IDisposable Begin(bool counts = true)
    {
        var scope = new Scope(s_current);
        (s_current, Counts, Failure) = (this, counts, null);
        return scope;
    }

    internal void Sum(Tensor tensor) => sum(tensor);

    private sealed class Scope(BatchSums? before) : IDisposable
    {
        public void Dispose() => s_current = before;
    }
}
