namespace ResNet.Inference.Execution;

/// <summary>
/// Threads that compute the parts of a layer together. A thread takes the next part when it is done with one, so a busy core delays
/// nothing. After a layer the threads spin for some microseconds, since the next layer follows at once; then they sleep, and end after
/// some seconds without work.
/// </summary>
/// <remarks>
/// The caller's thread takes part. While one caller has the team, others compute alone: their calls run side by side already.
/// </remarks>
internal sealed class ThreadTeam : IDisposable
{
    // About 50 µs: longer than the time between two layers. The operating system takes about as long to wake a thread.
    private const int Spins = 1000;

    // Who waits for the last part lets other threads of the same core run now and then.
    private const int SpinsOfTurn = 64;

    private static readonly TimeSpan s_idleTime = TimeSpan.FromSeconds(5);

    private readonly Thread?[] _threads;
    private readonly object _sleep = new();
    private readonly Lock _use = new();
    private Work? _work;
    private int _generation;
    private int _sleeping;
    private volatile bool _disposed;

    /// <summary>Makes a team. Its threads start with its first work.</summary>
    /// <param name="count">The number of threads, with the caller's, at least 1.</param>
    internal ThreadTeam(int count) => _threads = new Thread?[count - 1];

    /// <summary>The number of threads, with the caller's.</summary>
    internal int Count => _threads.Length + 1;

    /// <summary>Takes the team; false if another caller has it, or if it has no other threads.</summary>
    internal bool TryEnter()
    {
        if (_threads.Length == 0 || _disposed || !_use.TryEnter()) return false;
        try
        {
            lock (_sleep)
            {
                for (int i = 0; i < _threads.Length; i++) _threads[i] ??= Start(i + 1);
            }
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            // The threads that there are do all of the work.
        }
        return true;
    }

    /// <summary>Gives the team back.</summary>
    internal void Exit() => _use.Exit();

    /// <summary>Computes all parts of a work. Only for the caller that has the team.</summary>
    internal void Run(Work work)
    {
        if (work.Parts == 1)
        {
            work.ComputeAll();
            return;
        }
        work.Begin();
        Volatile.Write(ref _work, work);
        Interlocked.Increment(ref _generation);
        try
        {
            if (Volatile.Read(ref _sleeping) > 0)
            {
                lock (_sleep) Monitor.PulseAll(_sleep);
            }
        }
        finally
        {
            // Also if this thread is interrupted: the others still write to the session's memory.
            work.TakeParts(thread: 0);
            for (int spins = 0; !work.IsDone; spins++)
            {
                if (spins % SpinsOfTurn == 0) Thread.Yield();
                else Thread.SpinWait(5);
            }
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        _disposed = true;
        lock (_sleep) Monitor.PulseAll(_sleep);
    }

    private Thread Start(int number)
    {
        int generation = _generation;
        var thread = new Thread(() => Serve(number, generation)) { IsBackground = true, Name = $"ResNet.Inference {number}" };
        thread.Start();
        return thread;
    }

    private void Serve(int number, int generation)
    {
        while (Wait(number, ref generation)) Volatile.Read(ref _work)!.TakeParts(number);
    }

    // Returns false at the end of the thread.
    private bool Wait(int number, ref int generation)
    {
        for (int i = 0; i < Spins; i++)
        {
            if (Volatile.Read(ref _generation) != generation)
            {
                generation = Volatile.Read(ref _generation);
                return true;
            }
            Thread.SpinWait(5);
        }
        // Who starts a work first counts it up and then looks for sleepers; here the order is the reverse, so that one sees the other.
        Interlocked.Increment(ref _sleeping);
        lock (_sleep)
        {
            while (Volatile.Read(ref _generation) == generation && !_disposed)
            {
                if (Monitor.Wait(_sleep, s_idleTime) || Volatile.Read(ref _generation) != generation) continue;
                _threads[number - 1] = null;
                Interlocked.Decrement(ref _sleeping);
                return false;
            }
        }
        Interlocked.Decrement(ref _sleeping);
        generation = Volatile.Read(ref _generation);
        return !_disposed;
    }
}
