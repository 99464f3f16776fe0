namespace Benchmarks;

/// <summary>A line of the table: medians over the rounds, and the range of the rounds' ratios.</summary>
internal sealed record Row(string Name, string Unit)
{
    private readonly List<double> _ours = [];
    private readonly List<double> _reference = [];

    public double Ours { get; private set; }

    public double Reference { get; private set; }

    public double Ratio { get; private set; }

    public double RatioMin { get; private set; }

    public double RatioMax { get; private set; }

    public void Add(double ours, double reference)
    {
        _ours.Add(ours);
        _reference.Add(reference);
    }

    public void Summarise()
    {
        var ratios = _ours.Zip(_reference, (ours, reference) => ours / reference).ToList();
        (Ours, Reference, Ratio, RatioMin, RatioMax) = (Median(_ours), Median(_reference), Median(ratios), ratios.Min(), ratios.Max());
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
