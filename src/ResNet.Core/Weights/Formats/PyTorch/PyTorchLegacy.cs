using System.Buffers.Binary;
using System.Numerics;
using ResNet.Core.Weights.Formats.Storage;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>
/// The format of <c>torch.save</c> before PyTorch 1.6 (torch/serialization.py, <c>_legacy_save</c>): pickles of a magic number, the
/// protocol, the writer's machine, the object and the order of its storages; then each storage with its number of elements before it.
/// Numbers are little-endian on every machine (torch/csrc/generic/serialization.cpp).
/// </summary>
internal static class PyTorchLegacy
{
    private const long ProtocolVersion = 1001;

    private static readonly BigInteger s_magic =
        BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Recognises this layout by a file's start: a pickle of protocol 2 to 5 that begins with a long number or a frame.</summary>
    internal static bool Matches(ReadOnlySpan<byte> start) => start is [0x80, >= 2 and <= 5, 0x8A or 0x95, ..];

    internal static Dictionary<string, StoredTensor> Read(MappedFile file)
    {
        var storages = new Dictionary<string, StoredStorage>();
        if (Load() is not BigInteger magic || magic != s_magic)
            throw new WeightsFileException(file.Path, "is a pickle, but not one that torch.save wrote");
        if (Load() is not ProtocolVersion)
            throw new WeightsFileException(file.Path, "is of a version of PyTorch's legacy layout that does not exist");
        Load();
        var content = new Unpickler(file, file.Path, Storage);
        var tensors = StateDictTree.Flatten(content.Load(), content);
        if (Load() is not List<object?> order)
            throw new WeightsFileException(file.Path, "is damaged: it does not say in which order its storages follow");
        foreach (object? key in order) Place(file, storages, key);
        return storages.Values.All(storage => storage.Open is not null)
            ? tensors
            : throw new WeightsFileException(file.Path, "is damaged: it leaves out the elements of some tensors");

        object? Load() => new Unpickler(
            file, file.Path,
            _ => throw new WeightsFileException(file.Path, "is damaged: it has tensors where none belong")).Load();

        PickledStorage Storage(object?[] identifier) => StorageIdentifier.Parse(file.Path, identifier).In(storages);
    }

    private static void Place(MappedFile file, Dictionary<string, StoredStorage> storages, object? key)
    {
        if (key is not string name || !storages.TryGetValue(name, out var storage) || storage.Open is not null)
            throw new WeightsFileException(file.Path, "is damaged: it lists storages that no tensor uses, or one twice");
        var count = new byte[sizeof(long)];
        file.ReadExactly(count);
        if (BinaryPrimitives.ReadInt64LittleEndian(count) != storage.Count)
            throw new WeightsFileException(
                file.Path,
                $"is damaged: the storage '{name}' has {BinaryPrimitives.ReadInt64LittleEndian(count)} elements "
                + $"in place of {storage.Count}");
        if (storage.Bytes > file.Length - file.Position) throw new EndOfStreamException();
        storage.IsSwapped = !BitConverter.IsLittleEndian;
        storage.Open = file.From(file.Position);
        file.Position += storage.Bytes;
    }
}
