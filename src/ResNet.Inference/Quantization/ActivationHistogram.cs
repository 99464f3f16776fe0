namespace ResNet.Inference.Quantization;

/// <summary>
/// How often the numbers of a value occur, without zeros, which are exact in bytes. The range is a power of two that grows with the
/// numbers, so their order does not matter.
/// </summary>
internal sealed class ActivationHistogram
{
    /// <summary>The bins of both signs together; each of 255 steps of numbers without sign has at least four.</summary>
    internal const int Bins = 4096;

    private readonly long[] _counts = new long[Bins];

    /// <summary>The bins are from minus to plus this number.</summary>
    internal double Range { get; private set; } = Math.Pow(2, -40);

    /// <summary>The least number, at most 0.</summary>
    internal float Minimum { get; private set; }

    /// <summary>The greatest number, at least 0.</summary>
    internal float Maximum { get; private set; }

    /// <summary>The number of numbers in each bin.</summary>
    internal ReadOnlySpan<long> Counts => _counts;

    /// <summary>Counts numbers.</summary>
    /// <exception cref="ArgumentException">Some are NaN or infinite.</exception>
    internal void Add(ReadOnlySpan<float> values)
    {
        float least = Minimum, greatest = Maximum, check = 0;
        foreach (float value in values)
        {
            least = Math.Min(least, value);
            greatest = Math.Max(greatest, value);
            // A number minus itself is 0, or NaN if it is not finite.
            check += value - value;
        }
        if (check != 0) throw new ArgumentException("The network computes NaN or infinite numbers of these images.");
        (Minimum, Maximum) = (least, greatest);
        while (Math.Max(-least, greatest) >= Range) Grow();
        double factor = Bins / 2 / Range;
        foreach (float value in values)
        {
            if (value != 0) _counts[(int)((value * factor) + (Bins / 2))]++;
        }
    }

    /// <summary>The middle of a bin.</summary>
    internal double Middle(int bin) => (bin + 0.5 - (Bins / 2)) * Range / (Bins / 2);

    // Two neighbouring bins become one.
    private void Grow()
    {
        Range *= 2;
        long[] former = [.. _counts];
        Array.Clear(_counts);
        for (int bin = 0; bin < Bins; bin++) _counts[(bin + (Bins / 2)) / 2] += former[bin];
    }
}
