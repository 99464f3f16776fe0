using System.Runtime.InteropServices;

namespace ResNet.Training;

/// <summary>Tunes the C library's heap for training, where the same large blocks are allocated and freed in every step.</summary>
public static partial class NativeHeap
{
    // The parameters' numbers in glibc's malloc.h.
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MapThreshold = -3;

    // Larger blocks, such as the first maps of large images, go back at once: kept, they would leave gaps that nothing else fits into. A
    // limit of 8 MiB takes a seventh more memory for two percent of speed, one of 4 MiB saves none and is slower (docs/performance.md).
    internal const int LargeBlock = 6 << 20;
    internal const int GrowBy = 1 << 23;

    /// <summary>
    /// Keeps freed memory in the process, which otherwise goes back to the system and is cleared again for the next
    /// step. Call it once at start-up of a program that trains; the peak of its memory hardly changes, but is
    /// held until it ends. Blocks of the main thread profit, so train on that.
    /// </summary>
    /// <returns>Whether it took effect: it does with glibc, that is on most Linux systems, and does nothing elsewhere.</returns>
    public static bool KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return mallopt(MapThreshold, LargeBlock) != 0 & mallopt(TrimThreshold, int.MaxValue) != 0 & mallopt(TopPad, GrowBy) != 0;
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than glibc.
            return false;
        }
    }

    [LibraryImport("libc")]
    private static partial int mallopt(int parameter, int value);
}
