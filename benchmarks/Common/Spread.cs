namespace Benchmarks;

/// <summary>The distribution of a value over several rounds.</summary>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return new Spread((sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2, sorted[0], sorted[^1]);
    }

    public string Text(string format) => $"{Median.ToString(format)} ({Min.ToString(format)} to {Max.ToString(format)})";
}
