using System.Globalization;
using System.Numerics;
using ResNet.Core.Weights.Formats.Storage;

namespace ResNet.Core.Weights.Formats.PyTorch;

/// <summary>Turns the content of a pickle into named tensors; names in nested containers begin with the containers' names.</summary>
internal static class StateDictTree
{
    private const int MaximumDepth = 32;

    // The key of an element of a list; the name then has the element's index.
    private static readonly object s_index = new();

    /// <summary>Returns all tensors within an object.</summary>
    /// <param name="root">The content of the pickle.</param>
    /// <param name="unpickler">The unpickler that read the content; it limits the copies.</param>
    /// <exception cref="WeightsFileException">There is no tensor, or two have the same name.</exception>
    internal static Dictionary<string, StoredTensor> Flatten(object? root, Unpickler unpickler)
    {
        var tensors = new Dictionary<string, StoredTensor>();
        // The keys from the root on. A name is built only for a tensor: outside the weights a key may be anything.
        var keys = new List<(object? Key, int Index)>();
        Collect(root);
        return tensors.Count > 0 ? tensors : throw unpickler.Refused("has no tensors");

        void Collect(object? value)
        {
            if (keys.Count > MaximumDepth) throw unpickler.Refused($"is nested more than {MaximumDepth} deep");
            switch (value)
            {
                case StoredTensor tensor:
                    unpickler.Spend(1);
                    StorageLimits.Add(unpickler.Path, tensors, Name(), tensor);
                    break;
                case PickledDictionary dictionary:
                    unpickler.Spend(1 + dictionary.Count);
                    foreach (var (key, item) in dictionary) Below((key, 0), item);
                    break;
                case IReadOnlyList<object?> items:
                    unpickler.Spend(1 + items.Count);
                    for (int i = 0; i < items.Count; i++) Below((s_index, i), items[i]);
                    break;
            }
        }

        void Below((object? Key, int Index) key, object? item)
        {
            if (item is not (StoredTensor or PickledDictionary or List<object?> or object?[])) return;
            keys.Add(key);
            Collect(item);
            keys.RemoveAt(keys.Count - 1);
        }

        string Name()
        {
            var parts = keys.ConvertAll(key => key.Key switch
            {
                string text => text,
                long or BigInteger => string.Create(CultureInfo.InvariantCulture, $"{key.Key}"),
                var place when place == s_index => key.Index.ToString(CultureInfo.InvariantCulture),
                _ => throw unpickler.Refused("has a tensor under a key that is neither a text nor a number"),
            });
            unpickler.Spend(parts.Sum(part => part.Length));
            return string.Join('.', parts);
        }
    }
}
