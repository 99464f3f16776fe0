using System.Runtime.CompilerServices;
using TorchSharp;

namespace ResNet.Testing;

/// <summary>Counts the tensors that nobody disposed of, so that the collector had to free them.</summary>
internal static class FinalizedTensors
{
    private static long s_count;

    /// <summary>How many the finalizer's thread has freed in this process so far, all that can be collected now among them.</summary>
    internal static long Count()
    {
        // Twice: what the first collection finalizes may hold tensors itself.
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

    // TorchSharp counts for each thread what is disposed of on it, and a finalizer can read the numbers of its own thread.
    private sealed class Probe
    {
        ~Probe()
        {
            var tensors = DisposeScopeManager.Statistics.TensorStatistics;
            Interlocked.Exchange(ref s_count, tensors.DisposedOutsideScopeCount + tensors.DisposedInScopeCount);
        }
    }
}
