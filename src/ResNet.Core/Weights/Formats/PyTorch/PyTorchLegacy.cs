using System.Buffers.Binary;
using System.Numerics;
using ResNet.Core.Weights.Formats.Storage;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>
/// The format of <c>torch.save</c> before PyTorch 1.6 (torch/serialization.py, <c>_legacy_save</c>): pickles of a magic number, the
/// protocol, the writer's machine, the object and the order of its storages; then each storage with its number of elements before it.
/// Numbers are little-endian on every machine (torch/csrc/generic/serialization.cpp).
/// </summary>
internal sealed class PyTorchLegacy
{
    private const long ProtocolVersion = 1001;

    private static readonly BigInteger s_magic =
        BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    private readonly MappedFile _file;
    private readonly Dictionary<string, StoredStorage> _storages = [];

    // The storages whose elements are not read, but have to be passed over.
    private readonly Dictionary<string, StorageIdentifier> _others = [];
    private bool _hasModules;

    private PyTorchLegacy(MappedFile file) => _file = file;

    /// <summary>
    /// Recognises this layout by a file's start: a pickle of protocol 2 to 5 that begins with a long number or a frame, or a pickle of
    /// protocol 0 or 1 of the magic number.
    /// </summary>
    internal static bool Matches(ReadOnlySpan<byte> start) =>
        start is [0x80, >= 2 and <= 5, 0x8A or 0x95, ..] || start.StartsWith("L119547037146038801333356L\n"u8);

    internal static PickledTensors Read(MappedFile file) => new PyTorchLegacy(file).Read();

    private PickledTensors Read()
    {
        Load<BigInteger>(magic => magic == s_magic, "is a pickle, but not one that torch.save wrote");
        Load<long>(version => version == ProtocolVersion, "is of a version of PyTorch's legacy layout that does not exist");
        Load<PickledDictionary>(_ => true, "is damaged: it does not describe the machine that wrote it");
        var content = new Unpickler(_file, _file.Path, Find);
        object? root = content.Load();
        var tensors = Flatten(root, content);
        var order = Load<List<object?>>(_ => true, "is damaged: it does not say in which order its storages follow");
        foreach (object? key in order) Place(key);
        return _storages.Values.All(storage => storage.Open is not null)
            ? tensors
            : throw new WeightsFileException(_file.Path, "is damaged: it leaves out the elements of some tensors");
    }

    // One of the pickles beside the object.
    private T Load<T>(Predicate<T> isValid, string problem)
    {
        var unpickler = new Unpickler(
            _file, _file.Path, _ => throw new WeightsFileException(_file.Path, "is damaged: it has tensors where none belong"));
        return unpickler.Load() is T value && isValid(value) ? value : throw unpickler.Lacking(problem);
    }

    private PickledTensors Flatten(object? root, Unpickler content)
    {
        try
        {
            return StateDictTree.Flatten(root, content);
        }
        catch (WeightsFileException e) when (_hasModules)
        {
            throw new WeightsFileException(
                _file.Path, "holds a whole module, not only its weights: in PyTorch save model.state_dict()", e);
        }
    }

    private object Find(object? identifier)
    {
        if (StorageIdentifier.IsModule(identifier))
        {
            _hasModules = true;
            return new PickledObject("module");
        }
        var parsed = StorageIdentifier.Parse(_file.Path, identifier);
        if (parsed.Type is null) _others[parsed.Key] = parsed;
        return parsed.In(_storages);
    }

    private void Place(object? key)
    {
        if (key is string other && _others.Remove(other, out var identifier))
        {
            int size = identifier.OtherSize ?? throw new WeightsFileException(
                _file.Path, $"has a storage of type {identifier.TypeName}, which is not read, before its tensors");
            SkipCount(other, identifier.Count);
            _file.Position = Next(checked(identifier.Count * size));
            return;
        }
        if (key is not string name || !_storages.TryGetValue(name, out var storage) || storage.Open is not null)
            throw new WeightsFileException(_file.Path, "is damaged: it lists storages that no tensor uses, or one twice");
        SkipCount(name, storage.Count);
        long end = Next(storage.Bytes);
        storage.IsSwapped = !BitConverter.IsLittleEndian;
        storage.Open = _file.From(_file.Position);
        _file.Position = end;
    }

    private long Next(long bytes) =>
        bytes <= _file.Length - _file.Position ? _file.Position + bytes : throw new EndOfStreamException();

    private void SkipCount(string key, long expected)
    {
        var count = new byte[sizeof(long)];
        _file.ReadExactly(count);
        if (BinaryPrimitives.ReadInt64LittleEndian(count) != expected)
            throw new WeightsFileException(
                _file.Path,
                $"is damaged: the storage '{key}' has {BinaryPrimitives.ReadInt64LittleEndian(count)} elements in place of {expected}");
    }
}
