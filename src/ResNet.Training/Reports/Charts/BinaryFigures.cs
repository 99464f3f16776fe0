using ResNet.Training.Evaluation.Binary;

namespace ResNet.Training.Reports.Charts;

/// <summary>The ROC and precision-recall curves of two classes.</summary>
internal static class BinaryFigures
{
    // More points would not be visible.
    private const int MostPoints = 200;

    private const int Curve = 0;
    private const int Reference = 3;

    private static readonly ChartAxis s_axis = new(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]);

    /// <summary>Draws the two figures; none if there are no points.</summary>
    internal static IEnumerable<string> Draw(BinaryCurves curves)
    {
        if (curves.Points.Count == 0) yield break;
        var points = Thin(curves.Points);
        yield return Draw(
            $"ROC curve, area {Figures.Share(curves.RocAuc)}", "false positive rate", "recall",
            [(0, 0), .. points.Select(point => (point.FalsePositiveRate, point.Recall))], [(0, 0), (1, 1)]);
        double share = (double)curves.Positives / (curves.Positives + curves.Negatives);
        yield return Draw(
            $"Precision-recall curve, average precision {Figures.Share(curves.AveragePrecision)}", "recall", "precision",
            [.. points.Select(point => (point.Recall, point.Precision))], [(0, share), (1, share)]);
    }

    private static string Draw(
        string title, string xLabel, string name, IReadOnlyList<(double X, double Y)> points, IReadOnlyList<(double X, double Y)> chance) =>
        new LineChart(
            title,
            [new ChartLine(name, Curve, points), new ChartLine("chance", Reference, chance) { IsDashed = true }],
            Figures.Share)
        {
            XAxis = s_axis,
            XLabel = xLabel,
            Least = 0,
            Most = 1,
        }.Draw();

    // The points at which a curve changes its direction show its shape; of many, evenly spread ones do.
    private static List<ThresholdPoint> Thin(IReadOnlyList<ThresholdPoint> points) =>
        [.. Enumerable.Range(0, Math.Min(points.Count, MostPoints))
            .Select(i => points[(int)((long)(i + 1) * points.Count / Math.Min(points.Count, MostPoints)) - 1])];
}
