using ResNet.Training.Data.Folders;

namespace ResNet.Training.Data.Manifests;

/// <summary>An image of a data set at the time of a run.</summary>
/// <param name="Split">The part of the data set.</param>
/// <param name="Class">The name of its class.</param>
/// <param name="Path">Its path below the data set's folder, with slashes.</param>
/// <param name="Length">The length of its file in bytes, or of its pixels in a pack; -1 if the file could not be read.</param>
/// <param name="Hash">The XXH3 hash of the file's bytes, or the checksum of its pixels in a pack; 0 if the file could not be read.</param>
public readonly record struct ManifestEntry(DatasetSplit Split, string Class, string Path, long Length, ulong Hash)
{
    /// <summary>Whether another image has the same bytes.</summary>
    /// <param name="other">The other image.</param>
    public bool HasContentOf(ManifestEntry other) => Length >= 0 && Length == other.Length && Hash == other.Hash;

    internal (long Length, ulong Hash) Content => (Length, Hash);
}
