namespace ResNet.Training.Data;

/// <summary>
/// Sorts texts by their code points, as Python does. .NET's ordinal order is that of UTF-16's units, in which an emoji comes before a
/// full-width letter.
/// </summary>
internal sealed class CodePointOrder : IComparer<string>
{
    internal static CodePointOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var same = x.AsSpan().CommonPrefixLength(y);
        if (same == x!.Length || same == y!.Length) return x.Length.CompareTo(y!.Length);
        var (a, b) = (x[same], y[same]);
        // A surrogate belongs to a code point above all code points of a single unit.
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }
}
