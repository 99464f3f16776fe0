namespace ResNet.Inference.Execution;

/// <summary>Images of one size, as floats <c>[N, C, H, W]</c> or as bytes <c>[N, H, W, C]</c>.</summary>
internal readonly ref struct Images
{
    private readonly ReadOnlySpan<float> _floats;
    private readonly ReadOnlySpan<byte> _bytes;

    internal Images(ReadOnlySpan<float> floats, int count, int height, int width)
    {
        _floats = floats;
        (Length, Count, Height, Width) = (floats.Length, count, height, width);
    }

    internal Images(ReadOnlySpan<byte> bytes, int count, int height, int width)
    {
        _bytes = bytes;
        (Length, Count, Height, Width) = (bytes.Length, count, height, width);
        IsBytes = true;
    }

    internal int Length { get; }

    internal int Count { get; }

    internal int Height { get; }

    internal int Width { get; }

    private bool IsBytes { get; }

    /// <summary>Gives the images to a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="table">The number for each byte, channel by channel.</param>
    /// <returns>Whether all numbers are finite.</returns>
    internal bool LoadInto(Session session, float[] table)
    {
        if (!IsBytes) return session.Load(_floats);
        session.Load(_bytes, table);
        return true;
    }
}
