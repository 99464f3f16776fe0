namespace ResNet.Core.Weights.Formats.Storage;

/// <summary>The limits of a file of weights, so that a damaged file cannot take all memory.</summary>
internal static class StorageLimits
{
    // The greatest ratio of content to file size, for tensors that repeat elements (stride 0) and for compressed archives.
    internal const long MaximumGrowth = 32;
    private const long AllowedInAnyCase = 1 << 20;

    // More than a network, its optimizer and its averages have together. Every tensor takes memory, even without elements.
    internal const int MaximumTensors = 1 << 16;
    internal const int MaximumNameLength = 4096;

    /// <summary>Returns the maximum size in bytes of the content of a file of this length.</summary>
    internal static long MaximumBytes(long fileLength, long growth = MaximumGrowth) => (fileLength * growth) + AllowedInAnyCase;

    /// <summary>Adds a tensor to the tensors of a file.</summary>
    /// <exception cref="WeightsFileException">There is a tensor of this name already, or there are too many.</exception>
    internal static void Add(string path, Dictionary<string, StoredTensor> tensors, string name, StoredTensor tensor)
    {
        if (name.Length > MaximumNameLength)
            throw new WeightsFileException(path, $"is damaged: it has a tensor with a name of {name.Length} characters");
        if (!tensors.TryAdd(name, tensor)) throw new WeightsFileException(path, $"is damaged: it has the tensor '{name}' twice");
        if (tensors.Count > MaximumTensors)
            throw new WeightsFileException(path, $"is not a file of weights: it has more than {MaximumTensors} tensors");
    }
}
