namespace ResNet.Imaging.Decoding.Jpeg;

/// <summary>Memory that is used for image after image.</summary>
internal static class Memory
{
    // What a few large images needed is not kept for the small ones that follow.
    private const int Much = 16 << 20;

    /// <summary>Makes sure that there is room for so many bytes, whose contents are undefined; the array does not move.</summary>
    public static void Reserve(ref byte[] memory, long length)
    {
        if (memory.Length >= length && (memory.Length <= Much || memory.Length / 4 <= length)) return;
        memory = [];
        memory = GC.AllocateUninitializedArray<byte>(checked((int)Math.Max(length, Math.Min(length + (length / 8), Array.MaxLength))), pinned: true);
    }

    /// <summary>Gives the memory back where it is much.</summary>
    public static void Trim(ref byte[] memory)
    {
        if (memory.Length > Much) memory = [];
    }
}
