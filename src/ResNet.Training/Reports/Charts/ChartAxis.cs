using System.Globalization;

namespace ResNet.Training.Reports.Charts;

/// <summary>A range of numbers with a few round numbers as ticks.</summary>
/// <param name="From">The start of the range.</param>
/// <param name="To">The end of the range, more than <paramref name="From"/>.</param>
/// <param name="Ticks">The round numbers, at equal distances.</param>
internal sealed record ChartAxis(double From, double To, IReadOnlyList<double> Ticks)
{
    // Sums and differences of larger numbers are not finite.
    private const double Largest = 1e300;

    private static readonly double[] s_steps = [1, 2, 2.5, 5, 10];

    /// <summary>Whether the axis has logarithms to the base of ten, which are labelled by their numbers.</summary>
    internal bool IsLogarithmic { get; private init; }

    /// <summary>
    /// Makes an axis of the logarithms of positive numbers, with a tick at each power of ten; at both ends if it has fewer than two powers.
    /// </summary>
    /// <param name="from">The number at its start.</param>
    /// <param name="to">The number at its end.</param>
    internal static ChartAxis Logarithmic(double from, double to)
    {
        const double tolerance = 1e-9;
        double start = Math.Log10(from), end = Math.Max(Math.Log10(to), start + tolerance);
        int first = (int)Math.Ceiling(start - tolerance), last = (int)Math.Floor(end + tolerance);
        double[] powers = [.. Enumerable.Range(first, Math.Max(0, last - first + 1)).Select(power => (double)power)];
        return new(start, end, powers.Length >= 2 || end - start <= tolerance ? powers : [start, end])
        {
            IsLogarithmic = true,
        };
    }

    /// <summary>Makes an axis that contains all values and begins and ends at round numbers.</summary>
    /// <param name="values">The values to draw; values that are not finite, or too large, are ignored.</param>
    /// <param name="least">The axis starts at this value or lower; null: at the smallest value.</param>
    /// <param name="most">The axis ends at this value or lower, and larger values lie outside; null for no limit.</param>
    /// <param name="count">The approximate number of ticks.</param>
    internal static ChartAxis Nice(IEnumerable<double> values, double? least = null, double? most = null, int count = 5)
    {
        double[] finite = [.. values.Where(value => Math.Abs(value) <= Largest).Select(value => Math.Min(value, most ?? value))];
        double smallest = finite.Length == 0 ? 0 : finite.Min(), largest = finite.Length == 0 ? 1 : finite.Max();
        smallest = Math.Min(smallest, least ?? smallest);
        if (largest <= smallest) (smallest, largest) = (smallest - (smallest == least ? 0 : Half(smallest)), largest + Half(largest));
        double step = Step((largest / count) - (smallest / count));
        double first = Math.Floor((smallest / step) + 1e-9), last = Math.Ceiling((largest / step) - 1e-9);
        if (most is { } limit && last * step > limit) last = Math.Max(first + 1, Math.Ceiling((limit / step) - 1e-9));
        return new(first * step, last * step, [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)]);

        static double Half(double value) => value == 0 ? 0.5 : Math.Abs(value) / 2;
    }

    /// <summary>Makes an axis of whole numbers.</summary>
    internal static ChartAxis Whole(double from, int to, int count = 8)
    {
        int step = (int)Math.Max(1, Step((to - from) / count));
        int first = (int)Math.Ceiling(from / step) * step;
        return new(from, to, [.. Enumerable.Range(0, ((to - first) / step) + 1).Select(i => (double)(first + (i * step)))]);
    }

    /// <summary>
    /// Returns the place of a value on a line between two coordinates; values outside the axis lie outside the line.
    /// </summary>
    internal double Place(double value, double start, double end) => start + ((value - From) / (To - From) * (end - start));

    /// <summary>Formats a tick: all ticks have the same number of decimals, and very small and large ones have an exponent.</summary>
    internal string Label(double tick)
    {
        if (IsLogarithmic) return Figures.RoundedRate(Math.Pow(10, tick));
        double step = Ticks.Count > 1 ? Ticks[1] - Ticks[0] : Math.Abs(tick);
        double largest = Math.Max(Math.Abs(From), Math.Abs(To));
        if (largest is < 1e-3 or >= 1e7) return tick == 0 ? "0" : tick.ToString("0.##e-0", CultureInfo.InvariantCulture);
        int places = step <= 0 ? 0 : Math.Clamp((int)-Math.Floor(Math.Log10(step) + 1e-9), 0, 8);
        // A step of 2.5 has one more decimal than its size suggests.
        if (Math.Abs((step * Math.Pow(10, places)) - Math.Round(step * Math.Pow(10, places))) > 1e-6) places++;
        return tick.ToString($"#,0{(places > 0 ? "." + new string('0', places) : "")}", CultureInfo.InvariantCulture);
    }

    /// <summary>Formats any value, with two decimals, or as the number whose logarithm it is.</summary>
    internal string Name(double value) =>
        IsLogarithmic ? Figures.RoundedRate(Math.Pow(10, value)) : value.ToString("0.##", CultureInfo.InvariantCulture);

    private static double Step(double rough)
    {
        double size = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return size * s_steps.First(step => step >= (rough / size) - 1e-9);
    }
}
