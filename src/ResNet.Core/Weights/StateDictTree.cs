using System.Globalization;
using System.Numerics;

namespace ResNet.Core.Weights;

/// <summary>Turns what a pickle held into tensors by name: those of nested containers get the containers' names before theirs, with dots.</summary>
internal static class StateDictTree
{
    private const int MaximumDepth = 32;

    /// <summary>All tensors beneath an object.</summary>
    /// <param name="root">What the pickle held.</param>
    /// <param name="unpickler">Where it comes from, which says what such a pickle may cost.</param>
    /// <exception cref="WeightsFileException">There is none, or two have the same name.</exception>
    internal static Dictionary<string, StoredTensor> Flatten(object? root, Unpickler unpickler)
    {
        var tensors = new Dictionary<string, StoredTensor>();
        Collect(root, "", 0);
        return tensors.Count > 0 ? tensors : throw unpickler.Refused("has no tensors");

        void Collect(object? value, string name, int depth)
        {
            if (depth > MaximumDepth) throw unpickler.Refused($"is nested more than {MaximumDepth} deep");
            switch (value)
            {
                case StoredTensor tensor:
                    unpickler.Spend(1);
                    StoredWeights.Add(unpickler.Path, tensors, name, tensor);
                    break;
                case PickledDictionary dictionary:
                    unpickler.Spend(1 + dictionary.Count);
                    foreach (var (key, item) in dictionary)
                    {
                        if (IsContainer(item)) Collect(item, Join(name, key), depth + 1);
                    }
                    break;
                case IReadOnlyList<object?> items:
                    unpickler.Spend(1 + items.Count);
                    for (int i = 0; i < items.Count; i++)
                    {
                        if (IsContainer(items[i])) Collect(items[i], Join(name, (long)i), depth + 1);
                    }
                    break;
            }
        }

        string Join(string prefix, object? key)
        {
            string last = key switch
            {
                string text => text,
                long or BigInteger => string.Create(CultureInfo.InvariantCulture, $"{key}"),
                _ => throw unpickler.Refused("has tensors under a key that is neither a text nor a number"),
            };
            unpickler.Spend(prefix.Length + last.Length);
            return prefix.Length == 0 ? last : $"{prefix}.{last}";
        }
    }

    private static bool IsContainer(object? value) => value is StoredTensor or PickledDictionary or List<object?> or object?[];
}
