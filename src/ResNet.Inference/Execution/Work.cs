using System.Runtime.InteropServices;

namespace ResNet.Inference.Execution;

/// <summary>Something to compute in parts, by the threads of a team.</summary>
/// <remarks>
/// Each thread begins with a share of its own, the same in each layer: where layers are divided by rows, it reads those that it wrote into
/// the caches of its core a moment ago. Then it takes what others have not begun yet, so a busy core delays nothing.
/// </remarks>
/// <param name="parts">The number of parts, at least 1. The result does not depend on it.</param>
/// <param name="threads">The most threads that compute together.</param>
internal abstract class Work(int parts, int threads)
{
    private const int CacheLine = 64;

    private readonly Share[] _shares = new Share[Math.Min(parts, threads)];
    private int _done = parts;

    /// <summary>The number of parts.</summary>
    internal int Parts { get; } = parts;

    /// <summary>Whether all parts are done.</summary>
    internal bool IsDone => Volatile.Read(ref _done) == Parts;

    /// <summary>Makes all parts available again; a thread that is late from an earlier time may take one, too.</summary>
    internal void Begin()
    {
        Volatile.Write(ref _done, 0);
        for (int i = 0; i < _shares.Length; i++) Volatile.Write(ref _shares[i].Left, End(i) - End(i - 1));
    }

    /// <summary>Computes parts until none is left.</summary>
    /// <param name="thread">The number of the thread in its team.</param>
    internal void TakeParts(int thread)
    {
        for (int i = 0; i < _shares.Length; i++)
        {
            int share = (thread + i) % _shares.Length, left;
            ref int counter = ref _shares[share].Left;
            while (Volatile.Read(ref counter) > 0 && (left = Interlocked.Decrement(ref counter)) >= 0)
            {
                try
                {
                    Compute(End(share) - 1 - left, thread);
                }
                finally
                {
                    Interlocked.Increment(ref _done);
                }
            }
        }
    }

    /// <summary>Computes all parts on this thread.</summary>
    internal void ComputeAll()
    {
        for (int part = 0; part < Parts; part++) Compute(part, thread: 0);
    }

    /// <summary>Computes a part.</summary>
    private protected abstract void Compute(int part, int thread);

    // The part after the last one of a share.
    private int End(int share) => (int)((long)Parts * (share + 1) / _shares.Length);

    // Its counter has a cache line of its own.
    [StructLayout(LayoutKind.Explicit, Size = 2 * CacheLine)]
    private struct Share
    {
        [FieldOffset(CacheLine)]
        internal int Left;
    }
}
