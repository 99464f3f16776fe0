using System.Globalization;
using System.Text.RegularExpressions;
using ResNet.Core.Weights.Formats.Storage;
using static TorchSharp.torch;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>
/// The name of a storage in a pickle (torch/serialization.py, <c>persistent_id</c>): the word "storage", the type, a key, the device, the
/// number of elements, and in the legacy layout a part of it or None. The device is ignored: everything is read to the CPU.
/// </summary>
internal sealed partial record StorageIdentifier(string Path, string TypeName, string Key, long Count, (long Offset, long Count)? Part)
{
    // PyTorch's keys are numbers. A long key that is used often would make all look-ups slow.
    private const int MaximumKeyLength = 100;

    // The types of elements that are not read, with their sizes in bytes (torch/csrc/StorageMethods.cpp and c10/core/ScalarType.h).
    private static readonly Dictionary<string, int> s_otherSizes = new()
    {
        ["torch.ComplexFloatStorage"] = 8, ["torch.ComplexDoubleStorage"] = 16,
        ["torch.QInt8Storage"] = 1, ["torch.QUInt8Storage"] = 1, ["torch.QInt32Storage"] = 4,
        ["torch.QUInt4x2Storage"] = 1, ["torch.QUInt2x4Storage"] = 1,
    };

    /// <summary>The type of the elements; null if they are not read.</summary>
    internal ScalarType? Type => PickledCalls.StorageType(TypeName);

    /// <summary>The size of an element that is not read, in bytes; null if it is unknown.</summary>
    internal int? OtherSize => s_otherSizes.TryGetValue(TypeName.Replace("torch.cuda.", "torch.", StringComparison.Ordinal), out int size)
        ? size
        : null;

    /// <summary>
    /// Returns the tuple of an identifier in protocol 0, which has it as Python prints it; PyTorch writes such files, but cannot read them.
    /// </summary>
    /// <returns>The tuple, or the text itself if it is none of a storage.</returns>
    internal static object FromText(string text)
    {
        if (Printed().Match(text) is not { Success: true } match) return text;
        string type = match.Groups["type"].Value;
        var global = new PickledGlobal(type, PickledCalls.IsKnown(type));
        object?[] tuple = ["storage", global, match.Groups["key"].Value, null, Number("count")];
        return match.Groups["offset"].Success
            ? [.. tuple, new object?[] { match.Groups["part"].Value, Number("offset"), Number("size") }]
            : tuple;

        object Number(string name) => long.Parse(match.Groups[name].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(
        @"^\('storage', <class '(?<type>[\w.]+)'>, '(?<key>\w+)', '[\w:]+', (?<count>[0-9]{1,18})"
        + @"(, (None|\('(?<part>\w+)', (?<offset>[0-9]{1,18}), (?<size>[0-9]{1,18})\)))?\)\z",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Printed();

    /// <exception cref="WeightsFileException">The object is not such a name.</exception>
    internal static StorageIdentifier Parse(string path, object? identifier)
    {
        if (identifier is not object?[] parts)
        {
            throw new WeightsFileException(
                path, "is damaged or not a file of weights: its pickle has a persistent identifier that is no tuple");
        }
        if (parts is not ["storage", PickledGlobal global, string key, _, long count and >= 0, ..]
            || (global.IsKnown && PickledCalls.StorageType(global.Name) is null))
            throw new WeightsFileException(path, "is damaged: it names a storage in a way that PyTorch does not");
        if (key.Length > MaximumKeyLength)
            throw new WeightsFileException(path, $"is damaged: it has a storage with a key of {key.Length} characters");
        return parts[5..] switch
        {
            [] or [null] => new(path, global.Name, key, count, Part: null),
            [object?[] and [_, long offset and >= 0, long size and >= 0]] when offset <= count && size <= count - offset =>
                new(path, global.Name, key, count, (offset, size)),
            _ => throw new WeightsFileException(path, $"is damaged: it uses a part of the storage '{key}' that lies outside of it"),
        };
    }

    /// <summary>Returns whether an identifier names a module with its source code, as <c>torch.save(module)</c> wrote it.</summary>
    internal static bool IsModule(object? identifier) => identifier is object?[] and ["module", ..];

    /// <summary>Returns the storage of this key, and adds it if it is new; a placeholder if its type is not read.</summary>
    internal object In(Dictionary<string, StoredStorage> storages)
    {
        if (Type is not { } type) return new PickledObject(TypeName);
        if (!storages.TryGetValue(Key, out var storage)) storages.Add(Key, storage = new StoredStorage(type, Count));
        if (storage.Type != type || storage.Count != Count)
            throw new WeightsFileException(Path, $"is damaged: it describes the storage '{Key}' in two ways");
        return Part is { } part ? new PickledStorage(storage, part.Offset, part.Count) : new PickledStorage(storage, 0, Count);
    }
}
