namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>The format of the first versions of PyTorch: recognised, but not read.</summary>
internal static class PyTorchTar
{
    private const int MagicStart = 257;

    /// <summary>The number of bytes of a file that recognition needs.</summary>
    internal const int MagicEnd = MagicStart + 5;

    internal static bool Matches(ReadOnlySpan<byte> start) =>
        start.Length >= MagicEnd && start[MagicStart..MagicEnd].SequenceEqual("ustar"u8);
}
