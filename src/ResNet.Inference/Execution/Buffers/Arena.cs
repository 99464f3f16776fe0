namespace ResNet.Inference.Execution.Buffers;

/// <summary>Gives places in one memory to values that live for a while: each takes the lowest gap among those that live with it.</summary>
internal sealed class Arena
{
    // In the order of the memory.
    private readonly List<(long Begin, long End, int LastUse)> _places = [];

    /// <summary>The length of the memory, in floats.</summary>
    internal long Length { get; private set; }

    /// <summary>Finds a place.</summary>
    /// <param name="floats">Its length.</param>
    /// <param name="now">The step that writes the value.</param>
    /// <param name="lastUse">The last step that reads it.</param>
    /// <returns>Its first float.</returns>
    internal long Place(long floats, int now, int lastUse)
    {
        _places.RemoveAll(place => place.LastUse < now);
        long begin = 0;
        int next = 0;
        for (; next < _places.Count && _places[next].Begin - begin < floats; next++) begin = _places[next].End;
        _places.Insert(next, (begin, begin + floats, lastUse));
        Length = Math.Max(Length, begin + floats);
        return begin;
    }
}
