using System.Numerics;

namespace ResNet.Training.Data.Similarity;

/// <summary>
/// Finds hashes that differ in few bits: of two with at most 11 different bits, one of four bands of 16 bits has at most two different ones
/// (Norouzi, Punjani and Fleet, Fast Search in Hamming Space with Multi-Index Hashing, 2012).
/// </summary>
internal sealed class HashIndex
{
    /// <summary>The number of bits in which hashes of similar images differ at most.</summary>
    internal const int MaxDistance = (Bands * (BandDistance + 1)) - 1;

    private const int Bands = 4;
    private const int BandBits = 16;
    private const int BandDistance = 2;

    // The bits of the 8 × 8 frequencies by band: each band has low and high frequencies in both directions.
    private static readonly int[] s_order = [.. Enumerable.Range(0, 64).OrderBy(bit => ((bit / 8) + (bit % 8)) % Bands)];
    private static readonly int[] s_masks =
        [.. Enumerable.Range(0, 1 << BandBits).Where(mask => BitOperations.PopCount((uint)mask) <= BandDistance)];

    private readonly ulong[] _hashes;
    private readonly int[][] _starts = new int[Bands][];
    private readonly int[][] _members = new int[Bands][];

    internal HashIndex(IEnumerable<ulong> hashes)
    {
        _hashes = [.. hashes.Select(Arrange)];
        for (int band = 0; band < Bands; band++) Fill(band);
    }

    /// <summary>Lists the positions before a hash's position whose hashes differ in at most <see cref="MaxDistance"/> bits.</summary>
    /// <param name="position">The position of the hash.</param>
    /// <param name="found">Receives the positions, each once, and loses what it had.</param>
    internal void ListNeighbours(int position, List<int> found)
    {
        found.Clear();
        ulong hash = _hashes[position];
        for (int band = 0; band < Bands; band++)
        {
            int key = Key(hash, band);
            foreach (int mask in s_masks)
            {
                int bucket = key ^ mask;
                foreach (int other in _members[band].AsSpan(_starts[band][bucket].._starts[band][bucket + 1]))
                {
                    if (other >= position) break;
                    ulong difference = hash ^ _hashes[other];
                    if (BitOperations.PopCount(difference) <= MaxDistance && !IsNearIn(difference, band)) found.Add(other);
                }
            }
        }
    }

    // Whether an earlier band has found the pair.
    private static bool IsNearIn(ulong difference, int bands)
    {
        for (int band = 0; band < bands; band++)
        {
            if (BitOperations.PopCount((uint)Key(difference, band)) <= BandDistance) return true;
        }
        return false;
    }

    private static int Key(ulong hash, int band) => (ushort)(hash >> (band * BandBits));

    private static ulong Arrange(ulong hash)
    {
        ulong arranged = 0;
        for (int i = 0; i < s_order.Length; i++) arranged |= ((hash >> s_order[i]) & 1) << i;
        return arranged;
    }

    // A counting sort: the members of a bucket follow each other, in the order of their positions.
    private void Fill(int band)
    {
        int[] starts = new int[(1 << BandBits) + 1];
        foreach (ulong hash in _hashes) starts[Key(hash, band) + 1]++;
        for (int i = 1; i < starts.Length; i++) starts[i] += starts[i - 1];
        int[] members = new int[_hashes.Length], next = [.. starts];
        for (int i = 0; i < _hashes.Length; i++) members[next[Key(_hashes[i], band)]++] = i;
        (_starts[band], _members[band]) = (starts, members);
    }
}
