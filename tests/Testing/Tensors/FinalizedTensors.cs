using System.Runtime.CompilerServices;
using TorchSharp;

namespace ResNet.Testing;

/// <summary>Counts the tensors that were not disposed and that the garbage collector had to free.</summary>
internal static class FinalizedTensors
{
    private static long s_count;

    /// <summary>Counts the tensors that the finalizer's thread has freed in this process, after collecting all garbage.</summary>
    internal static long Count()
    {
        // Twice, because finalized objects may reference further tensors.
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Drop();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Interlocked.Read(ref s_count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop() => _ = new Probe();

    // TorchSharp counts disposed tensors by thread, and a finalizer can read the numbers of its own thread.
    private sealed class Probe
    {
        ~Probe()
        {
            var tensors = DisposeScopeManager.Statistics.TensorStatistics;
            Interlocked.Exchange(ref s_count, tensors.DisposedOutsideScopeCount + tensors.DisposedInScopeCount);
        }
    }
}
