namespace ResNet.Training.Data.Manifests;

/// <summary>The changes of a data set since a manifest was made, each list in the order of the paths.</summary>
public sealed record ManifestComparison
{
    private const int NamedAtMost = 3;

    /// <summary>Images that the manifest does not have, neither by path nor by content.</summary>
    public required IReadOnlyList<ManifestEntry> New { get; init; }

    /// <summary>Images that are no longer there.</summary>
    public required IReadOnlyList<ManifestEntry> Gone { get; init; }

    /// <summary>Images with another content than the manifest has for their path.</summary>
    public required IReadOnlyList<ManifestEntry> Changed { get; init; }

    /// <summary>Images at another path or in another class, with the same content: as they were, and as they are.</summary>
    public required IReadOnlyList<(ManifestEntry Before, ManifestEntry Now)> Moved { get; init; }

    /// <summary>Whether nothing changed.</summary>
    public bool IsSame => New.Count + Gone.Count + Changed.Count + Moved.Count == 0;

    /// <summary>Describes the changes, with the first images of each kind: <c>2 are new (train/cat/8.jpg, train/cat/9.jpg)</c>.</summary>
    public string Describe()
    {
        var parts = new List<string>();
        Add(New.Count, "new", New.Select(entry => entry.Path));
        Add(Gone.Count, "gone", Gone.Select(entry => entry.Path));
        Add(Changed.Count, "changed", Changed.Select(entry => entry.Path));
        Add(Moved.Count, "moved", Moved.Select(Describe));
        return parts.Count == 0 ? "nothing has changed" : string.Join(", ", parts);

        void Add(int count, string change, IEnumerable<string> names)
        {
            if (count == 0) return;
            string more = count > NamedAtMost ? ", …" : "";
            parts.Add($"{count} {(count == 1 ? "is" : "are")} {change} ({string.Join(", ", names.Take(NamedAtMost))}{more})");
        }
    }

    private static string Describe((ManifestEntry Before, ManifestEntry Now) moved) => moved.Before.Path != moved.Now.Path
        ? $"{moved.Before.Path} to {moved.Now.Path}"
        : $"{moved.Now.Path} from {moved.Before.Class} to {moved.Now.Class}";
}
