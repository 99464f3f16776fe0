namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>The format of the first versions of PyTorch: recognised, but not read.</summary>
internal static class PyTorchTar
{
    private const int MagicStart = 257;

    /// <summary>How much of a file is needed to tell.</summary>
    internal const int MagicEnd = MagicStart + 5;

    internal static bool Matches(ReadOnlySpan<byte> start) =>
        start.Length >= MagicEnd && start[MagicStart..MagicEnd].SequenceEqual("ustar"u8);
}
