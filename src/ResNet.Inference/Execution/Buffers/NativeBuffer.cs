using System.Runtime.InteropServices;

namespace ResNet.Inference.Execution.Buffers;

/// <summary>Floats outside of the collector's heap, at an address that vectors and cache lines like.</summary>
internal sealed unsafe class NativeBuffer : SafeHandle
{
    private const int Alignment = 64;

    /// <summary>Allocates floats.</summary>
    /// <param name="floats">Their number.</param>
    /// <param name="isCleared">Whether they are zeros. Memory that nobody has written yet takes no space in a process.</param>
    internal NativeBuffer(long floats, bool isCleared = true) : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(floats);
        Length = Math.Max(floats, 1);
        nuint bytes = checked((nuint)Length * sizeof(float));
        SetHandle((nint)NativeMemory.AlignedAlloc(bytes, Alignment));
        if (isCleared) NativeMemory.Clear(Address, bytes);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The number of floats.</summary>
    internal long Length { get; }

    /// <summary>The first float.</summary>
    internal float* Address => (float*)handle;

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree(Address);
        return true;
    }
}
