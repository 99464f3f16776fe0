using System.Runtime.InteropServices;

namespace ResNet.Inference.Execution.Buffers;

/// <summary>Floats outside of the collector's heap, at an address that vectors and cache lines like.</summary>
internal sealed unsafe partial class NativeBuffer : SafeHandle
{
    private const nuint CacheLine = 64;

    // Memory of this length begins at a huge page.
    private const nuint Large = 2 * HugePage;

    private const nuint HugePage = 2 << 20;

    // MADV_HUGEPAGE of Linux.
    private const int UseHugePages = 14;

    /// <summary>Allocates floats.</summary>
    /// <param name="floats">Their number.</param>
    /// <param name="isCleared">Whether they are zeros. Memory that nobody has written yet takes no space in a process.</param>
    internal NativeBuffer(long floats, bool isCleared = true) : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(floats);
        Length = Math.Max(floats, 1);
        nuint bytes = checked((nuint)Length * sizeof(float));
        nuint alignment = bytes < Large ? CacheLine : HugePage;
        nuint allocated = checked(bytes + alignment - 1);
        // Large zeros come from the operating system, which clears a page when it is first used.
        SetHandle((nint)(isCleared ? NativeMemory.AllocZeroed(allocated) : NativeMemory.Alloc(allocated)));
        Address = (float*)(((nuint)handle + alignment - 1) / alignment * alignment);
        if (bytes >= Large) AskForHugePages(Address, bytes / HugePage * HugePage);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The number of floats.</summary>
    internal long Length { get; }

    /// <summary>The first float.</summary>
    internal float* Address { get; }

    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }

    // The first use of memory costs time for each page: a virtual machine may take 0.2 s for 64 MiB in pages of 4 KiB, and 10 ms in these.
    private static void AskForHugePages(void* begin, nuint bytes)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = madvise(begin, bytes, UseHugePages);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // It works without.
        }
    }

    [LibraryImport("libc")]
    private static partial int madvise(void* address, nuint length, int advice);
}
