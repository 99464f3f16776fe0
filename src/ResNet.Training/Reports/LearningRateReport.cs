using ResNet.Training.LearningRates;
using ResNet.Training.Reports.Charts;
using static ResNet.Training.Reports.Charts.Html;
using static ResNet.Training.Reports.HtmlPage;

namespace ResNet.Training.Reports;

/// <summary>Creates the HTML page of a test of learning rates, which needs no other file.</summary>
public static class LearningRateReport
{
    // The colours of the losses, as in the page of a run.
    private const int EachStep = 0;
    private const int Smoothed = 1;

    /// <summary>Creates the page: the loss over the learning rate with the suggestion, and all steps as a table.</summary>
    /// <param name="curve">The result of the test.</param>
    /// <param name="title">The title, such as the network's name.</param>
    /// <param name="subtitle">A line below it, such as the data set; null for none.</param>
    public static string Create(LearningRateCurve curve, string title, string? subtitle = null)
    {
        ArgumentNullException.ThrowIfNull(curve);
        ArgumentNullException.ThrowIfNull(title);
        string body = Section("Loss over the learning rate", Lead(curve), Grid("charts", Chart(curve)), Steps(curve));
        return HtmlPage.Create("Test of learning rates", title, subtitle, KeyFigures(curve), body);
    }

    /// <summary>Formats a learning rate with two digits, as the page shows it: <c>0.032</c>, <c>3.2e-5</c>.</summary>
    /// <param name="learningRate">The learning rate.</param>
    public static string FormatRate(double learningRate) => Figures.RoundedRate(learningRate);

    private static IEnumerable<(string Value, string Name)> KeyFigures(LearningRateCurve curve)
    {
        if (curve.Steepest is not { } steepest) yield break;
        yield return (Figures.RoundedRate(steepest.LearningRate), "suggestion: the loss falls most steeply");
        yield return (Figures.RoundedRate(curve.TenthOfLowest), "a tenth of the rate with the lowest loss");
        yield return (Figures.Loss(curve.Lowest?.Smoothed), "lowest smoothed loss");
    }

    private static string Lead(LearningRateCurve curve)
    {
        string suggestion = curve.Suggestion is null
            ? "The loss does not fall, so there is no suggestion."
            : "The circle marks the suggestion, where the smoothed loss falls most steeply.";
        string end = curve.Diverged
            ? "The test stopped where the loss rose too far."
            : "The loss did not rise far enough to stop the test.";
        return $"<p class=\"lead\">{suggestion} {end}</p>\n";
    }

    private static string Chart(LearningRateCurve curve)
    {
        if (curve.Points.Count == 0) return "";
        ChartLine[] lines =
        [
            new("each step", EachStep, [.. curve.Points.Select(point => (At(point.LearningRate), point.Loss))]) { IsFaint = true },
            new("smoothed", Smoothed, [.. curve.Points.Select(point => (At(point.LearningRate), point.Smoothed))]),
        ];
        return new LineChart("Training loss", lines, Figures.Loss)
        {
            XAxis = ChartAxis.Logarithmic(curve.Points[0].LearningRate, curve.Points[^1].LearningRate),
            XLabel = "learning rate",
            // A step that diverged would make the rest flat.
            Most = curve.Points.Max(point => point.Smoothed),
            Marked = curve.Steepest is { } steepest ? (At(steepest.LearningRate), steepest.Smoothed) : null,
        }.Draw();

        static double At(double rate) => Math.Log10(rate);
    }

    private static string Steps(LearningRateCurve curve)
    {
        var rows = curve.Points.Select(point => (string[])
        [
            point.Step > 0 ? Figures.Whole(point.Step) : Figures.None, Figures.RoundedRate(point.LearningRate), Figures.Loss(point.Loss),
            Figures.Loss(point.Smoothed),
        ]);
        string table = Table("Steps", ["step", "learning rate", "loss", "smoothed loss"], rows);
        return $"<details><summary>All steps</summary>\n{table}</details>\n";
    }
}
