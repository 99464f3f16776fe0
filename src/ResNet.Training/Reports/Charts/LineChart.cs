using System.Text;
using static ResNet.Training.Reports.Charts.Html;

namespace ResNet.Training.Reports.Charts;

/// <summary>Lines over the epochs of a run, or over other numbers.</summary>
/// <param name="Title">The title.</param>
/// <param name="Lines">The lines; lines without points are left out.</param>
/// <param name="Format">The format of a value.</param>
internal sealed record LineChart(string Title, IReadOnlyList<ChartLine> Lines, Func<double?, string> Format)
{
    private const double Width = 480;
    private const double Height = 270;
    private const double Left = 56;
    private const double Right = Width - 14;
    private const double Top = 12;
    private const double Bottom = Height - 40;

    // More marks would touch each other, and more hover strips would be narrower than a pixel.
    private const int MostMarks = 40;
    private const int MostPlaces = 300;

    /// <summary>The vertical axis starts at this value or lower; null: at the smallest value.</summary>
    internal double? Least { get; init; }

    /// <summary>The vertical axis ends at this value or lower; null for no limit.</summary>
    internal double? Most { get; init; }

    /// <summary>A value to mark.</summary>
    internal (double X, double Y)? Marked { get; init; }

    /// <summary>The horizontal axis; null for whole numbers from 0.</summary>
    internal ChartAxis? XAxis { get; init; }

    /// <summary>The name of the horizontal axis.</summary>
    internal string XLabel { get; init; } = "epoch";

    /// <summary>Draws the figure; empty if there is nothing to draw.</summary>
    internal string Draw()
    {
        var lines = Lines.Where(line => line.HasPoints).ToList();
        if (lines.Count == 0) return "";
        var (x, y) = Axes(lines);
        var svg = new StringBuilder();
        DrawGrid(svg, x, y);
        foreach (var line in lines.OrderByDescending(line => line.IsFaint)) DrawLine(svg, line, x, y);
        if (Marked is { } marked)
            svg.Append($"<circle class=\"marked\" cx=\"{At(X(x, marked.X))}\" cy=\"{At(Y(y, marked.Y))}\" r=\"6\"/>\n");
        svg.Append($"<line class=\"rule\" x1=\"0\" x2=\"0\" y1=\"{At(Top)}\" y2=\"{At(Bottom)}\"/>\n");
        DrawPlaces(svg, lines, x);
        string legend = lines.Count == 1 ? "<div></div>" : $"<ul class=\"legend\">{string.Concat(lines.Select(Key))}</ul>";
        return $"""
            <figure class="chart"><figcaption>{Text(Title)}</figcaption>{legend}
            <svg viewBox="0 0 {At(Width)} {At(Height)}" role="img" aria-label="{Text(Summary(lines))}">
            {svg}</svg><p class="readout" aria-live="polite"></p></figure>

            """;
    }

    private (ChartAxis X, ChartAxis Y) Axes(List<ChartLine> lines)
    {
        if (XAxis is { } given) return (given, ChartAxis.Nice(lines.SelectMany(line => line.Points).Select(point => point.Y), Least, Most));
        var all = lines.SelectMany(line => line.Points).Select(point => point.X).ToList();
        double first = all.Min();
        int last = Math.Max(1, (int)Math.Ceiling(all.Max()));
        // Faint lines are noise: their highest and lowest 2 % may lie outside.
        var solid = lines.Where(line => !line.IsFaint).DefaultIfEmpty(lines[0]).SelectMany(line => line.Points).Select(point => point.Y);
        var faint = lines.Where(line => line.IsFaint).SelectMany(line => Middle(line.Points));
        var horizontal = first >= last ? new ChartAxis(last - 0.5, last + 0.5, [last]) : ChartAxis.Whole(0, last);
        return (horizontal, ChartAxis.Nice(solid.Concat(faint), Least, Most));
    }

    private static double[] Middle(IReadOnlyList<(double X, double Y)> points)
    {
        double[] sorted = [.. points.Select(point => point.Y).Where(double.IsFinite).Order()];
        int cut = sorted.Length / 50;
        return sorted[cut..(sorted.Length - cut)];
    }

    private void DrawGrid(StringBuilder svg, ChartAxis x, ChartAxis y)
    {
        foreach (double tick in y.Ticks)
        {
            string at = At(Y(y, tick));
            svg.Append($"<line class=\"grid\" x1=\"{At(Left)}\" x2=\"{At(Right)}\" y1=\"{at}\" y2=\"{at}\"/>")
                .Append($"<text class=\"tick\" x=\"{At(Left - 8)}\" y=\"{at}\" dy=\".35em\" text-anchor=\"end\">{y.Label(tick)}</text>\n");
        }
        foreach (double tick in x.Ticks)
        {
            svg.Append($"<text class=\"tick\" x=\"{At(X(x, tick))}\" y=\"{At(Bottom + 18)}\" text-anchor=\"middle\">")
                .Append($"{x.Label(tick)}</text>");
        }
        svg.Append($"\n<text class=\"axis\" x=\"{At(Right)}\" y=\"{At(Height - 6)}\" text-anchor=\"end\">{Text(XLabel)}</text>\n");
    }

    private static void DrawLine(StringBuilder svg, ChartLine line, ChartAxis x, ChartAxis y)
    {
        var known = line.Points.Where(point => double.IsFinite(point.Y)).ToList();
        bool hasGaps = known.Count < line.Points.Count;
        // A dotted line bridges the epochs that were not evaluated.
        if (hasGaps) svg.Append($"<path class=\"line {line.Type} guess\" d=\"{Path(known, x, y)}\"/>");
        if (!line.IsFaint || known.Count > 1) svg.Append($"<path class=\"line {line.Type}\" d=\"{Path(line.Points, x, y)}\"/>");
        if (!line.IsFaint && known.Count <= MostMarks)
        {
            // A dashed line has marks only at isolated points: the line itself cannot show those.
            for (int i = 0; i < line.Points.Count; i++)
            {
                var point = line.Points[i];
                if (!double.IsFinite(point.Y) || (line.IsDashed && !IsAlone(line.Points, i))) continue;
                svg.Append($"<circle class=\"mark s{line.Colour % ChartLine.Colours}\" ")
                    .Append($"cx=\"{At(X(x, point.X))}\" cy=\"{At(Y(y, point.Y))}\" r=\"2.5\"/>");
            }
        }
        svg.Append('\n');
    }

    private static bool IsAlone(IReadOnlyList<(double X, double Y)> points, int place) =>
        (place == 0 || !double.IsFinite(points[place - 1].Y)) && (place == points.Count - 1 || !double.IsFinite(points[place + 1].Y));

    private static string Path(IReadOnlyList<(double X, double Y)> points, ChartAxis x, ChartAxis y)
    {
        var path = new StringBuilder();
        bool isDown = false;
        foreach (var point in points)
        {
            if (double.IsFinite(point.Y)) path.Append($"{(isDown ? 'L' : 'M')}{At(X(x, point.X))} {At(Y(y, point.Y))}");
            isDown = double.IsFinite(point.Y);
        }
        return path.ToString();
    }

    // Draws an invisible strip over each epoch: its tooltip, or the script, shows the epoch's values.
    private void DrawPlaces(StringBuilder svg, List<ChartLine> lines, ChartAxis x)
    {
        var shown = lines.Where(line => !line.IsFaint).DefaultIfEmpty(lines[0]).ToList();
        double[] places = [.. shown.SelectMany(line => line.Points).Select(point => point.X).Distinct().Order()];
        if (places.Length > MostPlaces)
        {
            int every = (places.Length / MostPlaces) + 1;
            places = [.. places.Where((_, i) => i % every == 0).Append(places[^1]).Distinct()];
        }
        double half = (Right - Left) / Math.Max(1, places.Length - 1) / 2;
        foreach (double place in places)
        {
            double centre = X(x, place);
            var values = shown.Select(line => (line.Name, Y: ValueAt(line, place))).Where(value => double.IsFinite(value.Y));
            string text = $"{XLabel} {x.Name(place)}: {string.Join(", ", values.Select(value => $"{value.Name} {Format(value.Y)}"))}";
            double from = Math.Max(Left, centre - half), to = Math.Min(Right, centre + half);
            svg.Append($"<rect class=\"place\" data-x=\"{At(centre)}\" x=\"{At(from)}\" y=\"{At(Top)}\" ")
                .Append($"width=\"{At(to - from)}\" height=\"{At(Bottom - Top)}\"><title>{Text(text)}</title></rect>\n");
        }
    }

    private string Summary(List<ChartLine> lines)
    {
        var ends = lines.Select(line => (line.Name, Y: line.Points.Select(point => point.Y).LastOrDefault(double.IsFinite, double.NaN)));
        return $"{Title} over the {XLabel}s. At the end: {string.Join(", ", ends.Select(end => $"{end.Name} {Format(end.Y)}"))}.";
    }

    private static double ValueAt(ChartLine line, double x) =>
        line.Points.FirstOrDefault(point => point.X == x, (X: 0, Y: double.NaN)).Y;

    /// <summary>Returns a short piece of a line.</summary>
    internal static string Swatch(ChartLine line) =>
        $"<svg class=\"run\" viewBox=\"0 0 22 8\" aria-hidden=\"true\"><path class=\"line {line.Type}\" d=\"M1 4H21\"/></svg>";

    private static string Key(ChartLine line) => $"<li>{Swatch(line)}{Text(line.Name)}</li>";

    private static double X(ChartAxis axis, double value) => axis.Place(value, Left, Right);

    // Values beyond the chart, which are noise, stay at its edge.
    private static double Y(ChartAxis axis, double value) => Math.Clamp(axis.Place(value, Bottom, Top), Top - 4, Bottom + 4);
}
