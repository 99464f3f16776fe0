using System.Text;

namespace ResNet.Core.Weights;

/// <summary>The result of loading a file into a network, tensor by tensor.</summary>
public sealed record LoadReport
{
    private const int Shown = 3;

    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>The format of the file.</summary>
    public required WeightsFormat Format { get; init; }

    /// <summary>The network's parameters and buffers that were loaded from the file.</summary>
    public required IReadOnlyList<string> Loaded { get; init; }

    /// <summary>The network's parameters and buffers that the file does not have, which keep their values.</summary>
    public required IReadOnlyList<string> Missing { get; init; }

    /// <summary>The file's tensors that the network does not have, by their names in the file.</summary>
    public required IReadOnlyList<string> Unexpected { get; init; }

    /// <summary>The network's parameters and buffers that have another shape or type in the file; they keep their values.</summary>
    public required IReadOnlyList<TensorMismatch> Mismatched { get; init; }

    /// <summary>
    /// What the names of the network's tensors begin with in the file, such as <c>state_dict.module.</c> or <c>backbone.</c>: the prefix
    /// that makes the most names fit. Usually empty.
    /// </summary>
    public required string Prefix { get; init; }

    /// <summary>
    /// Whether the classifier kept its initial weights, as <c>newClassifier</c> allows: then its tensors are in
    /// <see cref="Missing"/> or <see cref="Mismatched"/>.
    /// </summary>
    public required bool ClassifierKept { get; init; }

    /// <summary>Returns a line with the number of loaded tensors, and with each tensor that was not loaded.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(
            $"{Loaded.Count} of {Loaded.Count + Missing.Count + Mismatched.Count} tensors loaded from '{Path}' ({Format})");
        if (Prefix.Length > 0) text.Append($", where their names begin with '{Prefix}'");
        if (ClassifierKept) text.Append("; the classifier keeps its initial weights");
        string rest = Describe(Missing, Mismatched, Unexpected);
        return rest.Length > 0 ? text.Append($"; {rest}").ToString() : text.ToString();
    }

    /// <summary>Returns the first tensors of each kind and the number of the others; empty if there are none.</summary>
    internal static string Describe(
        IReadOnlyList<string> missing, IReadOnlyList<TensorMismatch> mismatched, IReadOnlyList<string> unexpected)
    {
        List<string> parts = [];
        Add("missing", missing);
        Add("of another shape or type", [.. mismatched.Select(mismatch => mismatch.ToString())]);
        Add("not in the network", unexpected);
        return string.Join("; ", parts);

        void Add(string what, IReadOnlyList<string> names)
        {
            if (names.Count == 0) return;
            string more = names.Count > Shown ? $" and {names.Count - Shown} more" : "";
            parts.Add($"{what}: {string.Join(", ", names.Take(Shown))}{more}");
        }
    }
}
