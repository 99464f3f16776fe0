namespace ResNet.Imaging.Randomness;

/// <summary>
/// A small pseudo-random number generator whose stream is a function of its seed alone, on every machine and .NET
/// version (Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators", https://doi.org/10.1145/2660193.2660195).
/// </summary>
internal struct SplitMix64
{
    private ulong _state;

    private SplitMix64(ulong state) => _state = state;

    /// <summary>Makes the generator of a key, such as seed, epoch and index.</summary>
    internal static SplitMix64 For(params ReadOnlySpan<long> key)
    {
        ulong state = 0;
        foreach (long part in key) state = Mix(state ^ Mix((ulong)part + 0x9E3779B97F4A7C15));
        return new SplitMix64(state);
    }

    internal ulong Next() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>Draws a number in [0, 1), on a grid of 2⁻⁵³.</summary>
    internal double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    internal double NextDouble(double from, double to) => from + ((to - from) * NextDouble());

    /// <summary>Draws an integer in [0, limit); the bias is below 2⁻³².</summary>
    internal int NextInt(int limit) => (int)(((Next() >> 32) * (ulong)limit) >> 32);

    /// <summary>Shuffles values (Fisher and Yates); draws one number for each but the first, from the last on.</summary>
    internal void Shuffle<T>(Span<T> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
