namespace ResNet.Imaging.Decoding.Jpeg;

/// <summary>Memory that is reused from image to image.</summary>
internal static class Memory
{
    // The memory of a few large images is not kept for the small ones that follow.
    private const int Much = 16 << 20;

    /// <summary>Ensures a length in bytes, with undefined contents; the array is pinned.</summary>
    public static void Reserve(ref byte[] memory, long length)
    {
        if (memory.Length >= length && (memory.Length <= Much || memory.Length / 4 <= length)) return;
        memory = [];
        int capacity = checked((int)Math.Max(length, Math.Min(length + (length / 8), Array.MaxLength)));
        memory = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
    }

    /// <summary>Frees the memory if it is large.</summary>
    public static void Trim(ref byte[] memory)
    {
        if (memory.Length > Much) memory = [];
    }
}
