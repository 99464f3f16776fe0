using System.Collections.ObjectModel;
using System.Globalization;
using System.Numerics;

namespace ResNet.Core;

/// <summary>A list of numbers that compares by its numbers and prints them: <c>[3, 4, 6, 3]</c>.</summary>
internal sealed class NumberList<T>(IEnumerable<T> numbers) : ReadOnlyCollection<T>([.. numbers]) where T : INumber<T>
{
    public override bool Equals(object? obj) => obj is NumberList<T> other && Items.SequenceEqual(other.Items);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var number in Items) hash.Add(number);
        return hash.ToHashCode();
    }

    public override string ToString() =>
        $"[{string.Join(", ", Items.Select(number => number.ToString(null, CultureInfo.InvariantCulture)))}]";
}
