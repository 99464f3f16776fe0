using System.Runtime.InteropServices;

namespace ResNet.Training;

/// <summary>Tunes the C library's heap for training, where the same large blocks are allocated and freed in every step.</summary>
public static partial class NativeHeap
{
    // The parameters' numbers in glibc's malloc.h.
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MapThreshold = -3;

    // Larger blocks, such as the first maps of large images, are returned at once, because they would leave gaps in the heap. A limit of
    // 8 MiB takes a seventh more memory and is two percent faster; one of 4 MiB saves no memory and is slower (docs/performance.md).
    internal const int LargeBlock = 6 << 20;
    internal const int GrowBy = 1 << 23;

    /// <summary>
    /// Keeps freed memory in the process. Otherwise it is returned to the system, which clears it again for the next step. Call this method
    /// once at the start of a program that trains. Its peak memory hardly changes, but stays allocated until its end. Only blocks of the
    /// main thread profit, so train on the main thread.
    /// </summary>
    /// <returns>Whether it took effect. It requires glibc, the C library of most Linux systems, and does nothing elsewhere.</returns>
    public static bool KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return mallopt(MapThreshold, LargeBlock) != 0 & mallopt(TrimThreshold, int.MaxValue) != 0 & mallopt(TopPad, GrowBy) != 0;
        }
        catch (EntryPointNotFoundException)
        {
            // The C library is not glibc.
            return false;
        }
    }

    /// <summary>Returns what is free to the system, such as the weights of a network that has got other memory.</summary>
    internal static void ReturnFreedMemory()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = malloc_trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // The C library is not glibc.
        }
    }

    [LibraryImport("libc")]
    private static partial int mallopt(int parameter, int value);

    [LibraryImport("libc")]
    private static partial int malloc_trim(nint keep);
}
