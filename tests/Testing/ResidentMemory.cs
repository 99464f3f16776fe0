using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ResNet.Testing;

/// <summary>How much memory the process has, without what is free in it.</summary>
internal static class ResidentMemory
{
    public static long Bytes()
    {
        // Aggressively, so that what the collector has free is no longer counted.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Trim();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    // The C library keeps what libvips gave back, up to tens of megabytes.
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
