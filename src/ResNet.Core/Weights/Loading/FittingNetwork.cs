using ResNet.Core.Weights.Formats.Storage;

namespace ResNet.Core.Weights.Loading;

/// <summary>Finds the network of <see cref="ResNets.Catalogue"/> that a file's tensors are the weights of.</summary>
internal static class FittingNetwork
{
    private static readonly Lazy<(NamedNetwork Network, Dictionary<string, long[]> Shapes)[]> s_networks =
        new(() => [.. ResNets.Catalogue.Select(row => (row, NetworkShapes.Of(row.Options)))]);

    private static readonly Lazy<HashSet<string>> s_names =
        new(() => [.. s_networks.Value.SelectMany(network => network.Shapes.Keys)]);

    /// <summary>
    /// Returns the name of the network, with the number of classes if that is not the network's own; null if no network has these names
    /// and shapes. Networks of the same shapes have the name of the first.
    /// </summary>
    internal static string? Find(IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        var stored = new Dictionary<string, long[]>();
        foreach (var (theirs, name) in WeightNames.Translate(tensors.Keys, s_names.Value.Contains).Pairs)
            if (s_names.Value.Contains(name)) stored.TryAdd(name, tensors[theirs].Shape);
        foreach (var (network, shapes) in s_networks.Value)
        {
            if (!IsOf(shapes, stored)) continue;
            long classes = stored.TryGetValue("fc.bias", out long[]? bias) ? bias[0] : network.Options.Classes;
            return classes == network.Options.Classes ? network.Name : $"{network.Name} with {classes} classes";
        }
        return null;
    }

    // Whether all tensors but those that may be missing, and no others, are there.
    private static bool IsOf(Dictionary<string, long[]> shapes, Dictionary<string, long[]> stored) =>
        stored.All(tensor => shapes.ContainsKey(tensor.Key) || WeightsLoader.IsOptional(tensor.Key))
        && shapes.All(tensor => WeightsLoader.IsOptional(tensor.Key)
            || (stored.TryGetValue(tensor.Key, out long[]? shape)
                ? shape.SequenceEqual(tensor.Value) || (WeightsLoader.IsClassifier(tensor.Key) && IsSameButForClasses(shape, tensor.Value))
                : WeightsLoader.IsClassifier(tensor.Key)));

    private static bool IsSameButForClasses(long[] one, long[] other) =>
        one.Length == other.Length && one.AsSpan(1).SequenceEqual(other.AsSpan(1));
}
