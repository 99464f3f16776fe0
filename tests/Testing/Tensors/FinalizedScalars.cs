using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Testing;

/// <summary>Counts the scalars and generators that were not disposed and that the garbage collector had to free.</summary>
internal sealed class FinalizedScalars : EventListener
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";
    private const EventKeywords Collector = (EventKeywords)1;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_repeat = TimeSpan.FromSeconds(1);

    // Events identify types by their handles, and may come before the constructor ends.
    private static readonly HashSet<nint> s_counted = [typeof(Scalar).TypeHandle.Value, typeof(Generator).TypeHandle.Value];
    private static readonly nint s_last = typeof(Last).TypeHandle.Value;

    private long _count;
    private long _lasts;

    /// <summary>Counts the finalized objects since the listener started, after collecting all garbage.</summary>
    internal long Count()
    {
        long lasts = Interlocked.Read(ref _lasts);
        // Twice, because finalized objects may reference further ones.
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        // Events arrive late but in order. The first events of a session may be lost, so this repeats them.
        var clock = Stopwatch.StartNew();
        do
        {
            if (clock.Elapsed > s_patience) throw new TimeoutException("The runtime does not tell what it finalizes.");
            Drop();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        while (!SpinWait.SpinUntil(() => Interlocked.Read(ref _lasts) != lasts, s_repeat));
        return Interlocked.Read(ref _count);
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Runtime) EnableEvents(eventSource, EventLevel.Verbose, Collector);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("FinalizeObject", StringComparison.Ordinal) != true) return;
        if (eventData.Payload?[0] is not nint type) return;
        if (s_counted.Contains(type)) Interlocked.Increment(ref _count);
        if (type == s_last) Interlocked.Increment(ref _lasts);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop() => _ = new Last();

    private sealed class Last
    {
        ~Last() => GC.KeepAlive(this);
    }
}
