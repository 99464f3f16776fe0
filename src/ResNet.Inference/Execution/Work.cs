namespace ResNet.Inference.Execution;

/// <summary>Something to compute in parts, by the threads of a team.</summary>
/// <param name="parts">The number of parts, at least 1. The result does not depend on it.</param>
internal abstract class Work(int parts)
{
    private int _next = parts;
    private int _done = parts;

    /// <summary>The number of parts.</summary>
    internal int Parts { get; } = parts;

    /// <summary>Whether all parts are done.</summary>
    internal bool IsDone => Volatile.Read(ref _done) == Parts;

    /// <summary>Makes all parts available again; a thread that is late from an earlier time may take one, too.</summary>
    internal void Begin()
    {
        Volatile.Write(ref _done, 0);
        Volatile.Write(ref _next, 0);
    }

    /// <summary>Computes parts until none is left.</summary>
    /// <param name="thread">The number of the thread in its team.</param>
    internal void TakeParts(int thread)
    {
        int part;
        while (Volatile.Read(ref _next) < Parts && (part = Interlocked.Increment(ref _next) - 1) < Parts)
        {
            try
            {
                Compute(part, thread);
            }
            finally
            {
                Interlocked.Increment(ref _done);
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
}
