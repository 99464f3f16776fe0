namespace ResNet.Training.Data.Similarity;

/// <summary>Finds groups of similar images: each is within <see cref="SimilarityLimit"/> of another one of its group.</summary>
internal sealed class SimilaritySearch
{
    // So few are compared each with each, which finds pairs whose hashes differ in more bits, too.
    private const int ComparedDirectly = 4096;

    private readonly IReadOnlyList<Thumbnail> _images;
    private readonly double _limit;
    private readonly HashIndex? _index;
    private readonly int[] _parents;
    private readonly Lock _gate = new();

    private SimilaritySearch(IReadOnlyList<Thumbnail> images, double limit, bool direct)
    {
        (_images, _limit) = (images, limit);
        _parents = [.. Enumerable.Range(0, images.Count)];
        if (direct) return;
        var hash = new PerceptualHash(images);
        _index = new HashIndex(images.Select(hash.Of));
    }

    /// <summary>Groups images by their positions.</summary>
    /// <param name="images">The thumbnails, all of different images.</param>
    /// <param name="workers">The number of threads.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <param name="direct">Whether each is compared with each; null for what suits their number.</param>
    /// <returns>The groups of at least two, each in order, in the order of their first images.</returns>
    internal static List<int[]> Group(
        IReadOnlyList<Thumbnail> images, int workers, CancellationToken cancellationToken, bool? direct = null)
    {
        if (images.Count < 2) return [];
        double limit = SimilarityLimit.Choose(images, workers, cancellationToken);
        var search = new SimilaritySearch(images, limit, direct ?? images.Count <= ComparedDirectly);
        Workers.For(images.Count, workers, search.Compare, cancellationToken);
        return
        [
            .. Enumerable.Range(0, images.Count).GroupBy(search.Find).Where(group => group.Skip(1).Any())
                .Select(group => group.ToArray()).OrderBy(group => group[0]),
        ];
    }

    private void Compare(int position)
    {
        if (_index is null)
        {
            for (int other = 0; other < position; other++) Compare(position, other);
            return;
        }
        var neighbours = new List<int>();
        _index.ListNeighbours(position, neighbours);
        foreach (int other in neighbours) Compare(position, other);
    }

    private void Compare(int position, int other)
    {
        // Groups only grow, so two images in one group stay there, whatever other threads do meanwhile.
        if (Root(position) == Root(other)) return;
        if (_images[position].DistanceTo(_images[other]) > _limit) return;
        // Which image is the root does not matter: groups are ordered by their first images.
        lock (_gate) _parents[Find(position)] = Find(other);
    }

    // Changes nothing and needs no lock: each parent on the way is of the image's group.
    private int Root(int position)
    {
        while (Volatile.Read(ref _parents[position]) is var parent && parent != position) position = parent;
        return position;
    }

    private int Find(int position)
    {
        while (_parents[position] != position)
            position = _parents[position] = _parents[_parents[position]];
        return position;
    }
}
