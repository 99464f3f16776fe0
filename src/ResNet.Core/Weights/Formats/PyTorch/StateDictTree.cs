using System.Globalization;
using System.Numerics;
using ResNet.Core.Weights.Formats.Storage;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>Turns the content of a pickle into named tensors; names in nested containers begin with the containers' names.</summary>
/// <remarks>
/// The tensors that a placeholder contains belong to it as they do to a container; those of a module have their names in its state dict.
/// Objects may refer to one another in circles and be deep, so each of them is visited once, and what cannot be named is left out.
/// </remarks>
internal sealed class StateDictTree
{
    private const int MaximumDepth = 32;
    private const int MaximumDepthOfObjects = 64;

    // The key of an element of a list; the name then has the element's index.
    private static readonly object s_index = new();

    // The key of a part of an object that adds nothing to the names.
    private static readonly object s_nameless = new();

    // The attributes of torch.nn.Module that contain tensors and modules.
    private static readonly string[] s_moduleParts = ["_parameters", "_buffers", "_modules"];

    private readonly Unpickler _unpickler;
    private readonly PickledTensors _found = new([], []);

    // The keys from the root on. A name is built only for a tensor: outside the weights a key may be anything.
    private readonly List<(object? Key, int Index)> _keys = [];
    private readonly HashSet<object> _visited = new(ReferenceEqualityComparer.Instance);
    private int _objects;
    private bool _hasNameless;

    private StateDictTree(Unpickler unpickler) => _unpickler = unpickler;

    /// <summary>Returns all tensors within an object.</summary>
    /// <param name="root">The content of the pickle.</param>
    /// <param name="unpickler">The unpickler that read the content; it limits the copies.</param>
    /// <exception cref="WeightsFileException">There is no tensor that can be read, or two have the same name.</exception>
    internal static PickledTensors Flatten(object? root, Unpickler unpickler)
    {
        var tree = new StateDictTree(unpickler);
        tree.Collect(root);
        if (tree._found.Tensors.Count > 0) return tree._found;
        throw tree._found.Unreadable.Values.FirstOrDefault() is { } cause
            ? unpickler.Unknown(cause)
            : unpickler.Lacking(
                tree._hasNameless ? "has tensors only under keys that are neither texts nor numbers" : "has no tensors");
    }

    private void Collect(object? value)
    {
        if (_keys.Count > (_objects > 0 ? MaximumDepthOfObjects : MaximumDepth))
        {
            if (_objects > 0) return;
            throw _unpickler.Refused($"is nested more than {MaximumDepth} deep");
        }
        switch (value)
        {
            case StoredTensor or UnreadableTensor:
                _unpickler.Spend(1);
                Add(value);
                break;
            case PickledObject placeholder:
                CollectObject(placeholder);
                break;
            case PickledDictionary or IReadOnlyList<object?> when _objects > 0 && !_visited.Add(value):
                break;
            case PickledDictionary dictionary:
                _unpickler.Spend(1 + dictionary.Count);
                foreach (var (key, item) in dictionary) Below((key, 0), item);
                break;
            case IReadOnlyList<object?> items:
                _unpickler.Spend(1 + items.Count);
                for (int i = 0; i < items.Count; i++) Below((s_index, i), items[i]);
                break;
        }
    }

    private void CollectObject(PickledObject placeholder)
    {
        if (!_visited.Add(placeholder)) return;
        _objects++;
        if (placeholder.Items is { } items) Collect(items);
        if (placeholder.Entries is { } entries) Collect(entries);
        // The state is a dictionary of attributes, or this and a dictionary of slots.
        object?[] parts = placeholder.State as object?[] is { Length: 2 } both ? both : [placeholder.State];
        foreach (var attributes in parts.OfType<PickledDictionary>())
        {
            _unpickler.Spend(1 + attributes.Count);
            foreach (var (key, item) in attributes) Below((s_moduleParts.Contains(key) ? s_nameless : key, 0), item);
        }
        _objects--;
    }

    private void Below((object? Key, int Index) key, object? item)
    {
        if (item is not (StoredTensor or UnreadableTensor or PickledObject or PickledDictionary or List<object?> or object?[])) return;
        _keys.Add(key);
        Collect(item);
        _keys.RemoveAt(_keys.Count - 1);
    }

    private void Add(object tensor)
    {
        if (Name() is not { } name)
        {
            _hasNameless = true;
            return;
        }
        if (_objects > 0 && (_found.Tensors.ContainsKey(name) || name.Length > StorageLimits.MaximumNameLength)) return;
        if (tensor is StoredTensor stored) StorageLimits.Add(_unpickler.Path, _found.Tensors, name, stored);
        else if (tensor is UnreadableTensor other) _found.Unreadable[name] = other.Cause;
    }

    // Null if a key has no name in text: a tuple, an object.
    private string? Name()
    {
        var parts = new List<string>(_keys.Count);
        foreach (var (key, index) in _keys)
        {
            if (key == s_nameless) continue;
            string? part = key switch
            {
                string text => text,
                long or BigInteger => string.Create(CultureInfo.InvariantCulture, $"{key}"),
                var place when place == s_index => index.ToString(CultureInfo.InvariantCulture),
                bool truth => truth ? "True" : "False",
                null => "None",
                _ => null,
            };
            if (part is null) return null;
            parts.Add(part);
        }
        _unpickler.Spend(parts.Sum(part => part.Length));
        return string.Join('.', parts);
    }
}
