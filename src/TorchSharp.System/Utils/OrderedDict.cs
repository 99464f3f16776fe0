using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace TorchSharp.Utils;

/// <summary>A dictionary that keeps the order in which its entries were added.</summary>
public class OrderedDict<TKey, TValue> : IEnumerable<(TKey, TValue)> where TKey : notnull
{
    private readonly List<(TKey Key, TValue Value)> _entries = [];
    private readonly Dictionary<TKey, TValue> _values = [];

    public int Count => _entries.Count;

    public TValue this[TKey key]
    {
        get => _values[key];
        set
        {
            if (!_values.ContainsKey(key))
            {
                Add(key, value);
                return;
            }
            _values[key] = value;
            _entries[_entries.FindIndex(entry => entry.Key.Equals(key))] = (key, value);
        }
    }

    public void Add(TKey key, TValue value)
    {
        _values.Add(key, value);
        _entries.Add((key, value));
    }

    public bool ContainsKey(TKey key) => _values.ContainsKey(key);

    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value) => _values.TryGetValue(key, out value);

    public bool Remove(TKey key)
    {
        if (!_values.Remove(key)) return false;
        _entries.RemoveAt(_entries.FindIndex(entry => entry.Key.Equals(key)));
        return true;
    }

    public void clear()
    {
        _entries.Clear();
        _values.Clear();
    }

    public IEnumerable<TValue> values() => _entries.Select(entry => entry.Value);

    public IEnumerator<(TKey, TValue)> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
