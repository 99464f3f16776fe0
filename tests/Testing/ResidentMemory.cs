using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ResNet.Testing;

/// <summary>The resident memory of the process, without free memory.</summary>
internal static class ResidentMemory
{
    public static long Bytes()
    {
        // Aggressively, so that the collector returns its free memory.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Trim();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    // The C library keeps tens of megabytes that libvips freed.
    private static void Trim()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = malloc_trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than glibc.
        }
    }

    [DllImport("libc")]
    private static extern int malloc_trim(nuint pad);
}
