namespace ResNet.Training.Reports.Charts;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Colour">The index of its colour among the page's colours, from 0.</param>
/// <param name="Points">The points in the order of their x; the line has a gap if y is not finite.</param>
internal sealed record ChartLine(string Name, int Colour, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>The number of colours.</summary>
    internal const int Colours = 8;

    /// <summary>Whether it is drawn dashed.</summary>
    internal bool IsDashed { get; init; }

    /// <summary>Whether it is drawn faintly, behind the others, and may leave the chart.</summary>
    internal bool IsFaint { get; init; }

    internal bool HasPoints => Points.Any(point => double.IsFinite(point.Y));

    internal string Type => $"s{Colour % Colours}{(IsDashed ? " dashed" : "")}{(IsFaint ? " faint" : "")}";
}
