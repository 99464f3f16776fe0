using ResNet.Core.Weights.Formats.Storage;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>
/// The name of a storage in a pickle (torch/serialization.py, <c>persistent_id</c>): the word "storage", the type, a key, the device, the
/// number of elements, and in the legacy layout a part of it or None. The device is ignored: everything is read to the CPU.
/// </summary>
internal sealed record StorageIdentifier(string Path, ScalarType Type, string Key, long Count, (long Offset, long Count)? Part)
{
    // PyTorch's keys are numbers. A long key that is used often would make all look-ups slow.
    private const int MaximumKeyLength = 100;

    /// <exception cref="WeightsFileException">The object is not such a name.</exception>
    internal static StorageIdentifier Parse(string path, object?[] identifier)
    {
        if (identifier is ["module", ..])
            throw new WeightsFileException(path, "holds a whole module, not only its weights: in PyTorch save model.state_dict()");
        if (identifier is not ["storage", PickledGlobal global, string key, _, long count and >= 0, ..]
            || Unpickler.StorageType(global) is not { } type)
            throw new WeightsFileException(path, "is damaged: it names a storage in a way that PyTorch does not");
        if (key.Length > MaximumKeyLength)
            throw new WeightsFileException(path, $"is damaged: it has a storage with a key of {key.Length} characters");
        return identifier[5..] switch
        {
            [] or [null] => new(path, type, key, count, Part: null),
            [object?[] and [_, long offset and >= 0, long size and >= 0]] when offset <= count && size <= count - offset =>
                new(path, type, key, count, (offset, size)),
            _ => throw new WeightsFileException(path, $"is damaged: it uses a part of the storage '{key}' that lies outside of it"),
        };
    }

    /// <summary>Returns the storage of this key, and adds it if it is new.</summary>
    internal PickledStorage In(Dictionary<string, StoredStorage> storages)
    {
        if (!storages.TryGetValue(Key, out var storage)) storages.Add(Key, storage = new StoredStorage(Type, Count));
        if (storage.Type != Type || storage.Count != Count)
            throw new WeightsFileException(Path, $"is damaged: it describes the storage '{Key}' in two ways");
        return Part is { } part ? new(storage, part.Offset, part.Count) : new(storage, 0, Count);
    }
}
