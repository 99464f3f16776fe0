using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ResNet.Core.Weights.Formats.Storage;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>
/// The format of <c>torch.save</c> before PyTorch 0.1.10 (torch/serialization.py, <c>legacy_load</c>): a tar archive of storages,
/// tensors and a pickle, which names both by numbers. Numbers are little-endian.
/// </summary>
internal sealed class PyTorchTar
{
    private const int BlockBytes = 512;
    private const int MagicStart = 257;

    /// <summary>The number of bytes of a file that recognition needs.</summary>
    internal const int MagicEnd = MagicStart + 5;

    private readonly MappedFile _file;
    private readonly Dictionary<string, (long Start, long End)> _entries = [];

    // Storages, tensors and placeholders by their numbers.
    private readonly Dictionary<long, object> _objects = [];

    private PyTorchTar(MappedFile file) => _file = file;

    internal static bool Matches(ReadOnlySpan<byte> start) =>
        start.Length >= MagicEnd && start[MagicStart..MagicEnd].SequenceEqual("ustar"u8);

    internal static PickledTensors Read(MappedFile file)
    {
        var archive = new PyTorchTar(file);
        archive.ReadEntries();
        archive.ReadStorages();
        archive.ReadTensors();
        archive.Open("pickle");
        var unpickler = new Unpickler(file, file.Path, archive.Find);
        return StateDictTree.Flatten(unpickler.Load(), unpickler);
    }

    // Headers of 512 bytes (POSIX.1-1988, ustar): the name at 0, the length in octal digits at 124. Two blocks of zeros end the archive.
    private void ReadEntries()
    {
        var header = new byte[BlockBytes];
        for (_file.ReadExactly(header); header.AsSpan().ContainsAnyExcept((byte)0); _file.ReadExactly(header))
        {
            if (!Matches(header)) throw Damaged("its archive has something else than entries");
            string name = Text(header.AsSpan(0, 100));
            long length = 0;
            foreach (char digit in Text(header.AsSpan(124, 12)).Trim())
            {
                length = digit is >= '0' and <= '7'
                    ? (length * 8) + digit - '0'
                    : throw Damaged($"the length of '{Shown(name)}' is no number");
            }
            if (length > _file.Length - _file.Position) throw new EndOfStreamException();
            // Extended headers have the name of another entry or their own; those of PyTorch's parts are plain files.
            bool isFile = header[156] is 0 or (byte)'0';
            if (isFile && !_entries.TryAdd(name, (_file.Position, _file.Position + length)))
                throw Damaged($"its archive has '{Shown(name)}' twice");
            _file.Position += (length + BlockBytes - 1) / BlockBytes * BlockBytes;
        }
        _file.ReadExactly(header);
        if (header.AsSpan().ContainsAnyExcept((byte)0)) throw Damaged("its archive does not end as one");
    }

    // Their number; for each its key, its device, its type, the number of its elements and the elements; then the parts of storages.
    private void ReadStorages()
    {
        long end = Open("storages");
        for (long left = Count(); left > 0; left--)
        {
            if (Load() is not (object?[] and [long key, _, PickledGlobal type])) throw Damaged("a storage has no key or type");
            long count = ReadInt64();
            if (count < 0) throw Damaged("a storage has a negative number of elements");
            var identifier = new StorageIdentifier(_file.Path, type.Name, Invariant(key), count, Part: null);
            if (identifier.Type is { } scalar)
            {
                var storage = new StoredStorage(scalar, count)
                {
                    IsSwapped = !BitConverter.IsLittleEndian, Open = _file.From(_file.Position),
                };
                Add(key, new PickledStorage(storage, 0, count));
                Skip(storage.Bytes, end);
            }
            else
            {
                Add(key, new PickledObject(type.Name));
                int size = identifier.OtherSize ?? throw Damaged($"it has a storage of the unknown type {Shown(type.Name)}");
                Skip(checked(count * size), end);
            }
        }
        foreach (object? part in Load() as List<object?> ?? throw Damaged("it does not list the parts of its storages")) AddPart(part);
    }

    private void AddPart(object? part)
    {
        if (part is not (object?[] and [long key, long root, long offset and >= 0, long count and >= 0])
            || !_objects.TryGetValue(root, out object? whole))
            throw Damaged("a part of a storage lies in none");
        if (whole is not PickledStorage storage)
            Add(key, whole);
        else if (offset <= storage.Count && count <= storage.Count - offset)
            Add(key, new PickledStorage(storage.Storage, storage.Offset + offset, count));
        else
            throw Damaged("a part of a storage lies outside of it");
    }

    // Their number; for each its key, its storage's key and its type; then the number of its dimensions, shape, strides and offset.
    private void ReadTensors()
    {
        Open("tensors");
        for (long left = Count(); left > 0; left--)
        {
            if (Load() is not (object?[] and [long key, var storageKey, PickledGlobal type]))
                throw Damaged("a tensor has no key or type");
            long dimensions = ReadInt64() & uint.MaxValue;
            if (dimensions > StoredTensor.MaximumDimensions) throw Damaged($"a tensor has {dimensions} dimensions");
            long[] shape = ReadInt64s(dimensions), strides = ReadInt64s(dimensions);
            long offset = ReadInt64();
            Add(key, storageKey switch
            {
                // A tensor without elements may have no storage.
                null => new UnreadableTensor(type.Name),
                long number when _objects.GetValueOrDefault(number) is PickledStorage storage => Tensor(storage, offset, shape, strides),
                long number when _objects.GetValueOrDefault(number) is PickledObject other => new UnreadableTensor(other.Name),
                _ => throw Damaged("a tensor lies in no storage"),
            });
        }
    }

    private StoredTensor Tensor(PickledStorage storage, long offset, long[] shape, long[] strides)
    {
        var tensor = new StoredTensor(storage.Storage, offset, shape, strides);
        return tensor.Problem(storage.Count) is { } problem
            ? throw Damaged($"it has a tensor with {problem}")
            : tensor with { Offset = storage.Offset + offset };
    }

    // Tensors and storages are named by their numbers in digits, classes by a tuple with their source code.
    private object? Find(object? identifier) => identifier switch
    {
        object?[] and [PickledGlobal type, ..] => type,
        string digits when long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long key)
            && _objects.TryGetValue(key, out object? found) => found,
        long key when _objects.TryGetValue(key, out object? found) => found,
        _ => throw Damaged("its pickle names a tensor that there is not"),
    };

    // Goes to the start of an entry and returns its end.
    private long Open(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
            throw new WeightsFileException(_file.Path, $"is a tar archive, but not one of PyTorch's: it has no '{name}'");
        _file.Position = entry.Start;
        return entry.End;
    }

    private object? Load() => new Unpickler(_file, _file.Path, _ => throw Damaged("it has tensors where none belong")).Load();

    private long Count() => Load() is long count and >= 0 ? count : throw Damaged("it has no number of storages or tensors");

    private void Add(long key, object value)
    {
        if (!_objects.TryAdd(key, value)) throw Damaged($"it has two objects of the number {Invariant(key)}");
    }

    private void Skip(long bytes, long end) =>
        _file.Position = bytes <= end - _file.Position ? _file.Position + bytes : throw new EndOfStreamException();

    private long[] ReadInt64s(long count)
    {
        var numbers = new long[count];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = ReadInt64();
        return numbers;
    }

    private long ReadInt64()
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        _file.ReadExactly(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    private WeightsFileException Damaged(string problem) => new(_file.Path, $"is damaged: {problem}");

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? field : field[..end]);
    }

    private static string Shown(string name) => new([.. name.Take(100).Select(c => char.IsControl(c) ? '?' : c)]);

    private static string Invariant(long number) => number.ToString(CultureInfo.InvariantCulture);
}
