using System.Text;
using ResNet.Training.Evaluation;
using static ResNet.Training.Reports.Charts.Html;

namespace ResNet.Training.Reports.Charts;

/// <summary>
/// A reliability diagram (Guo et al. 2017, https://arxiv.org/abs/1706.04599, figure 1): the accuracy, mean confidence
/// and number of images of each bin of confidence.
/// </summary>
internal static class ReliabilityFigure
{
    private const double Width = 480;
    private const double Height = 480;
    private const double Left = 56;
    private const double Right = Width - 14;
    private const double Top = 12;
    private const double Bottom = 340;
    private const double HistogramTop = 368;
    private const double HistogramBottom = Height - 40;

    private static readonly ChartAxis s_axis = new(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]);

    /// <summary>Draws the figure; empty if there are no images.</summary>
    internal static string Draw(Calibration calibration)
    {
        int most = calibration.Bins.Max(bin => bin.Images), all = calibration.Bins.Sum(bin => bin.Images);
        if (all == 0) return "";
        var svg = new StringBuilder();
        foreach (double tick in s_axis.Ticks)
        {
            string y = At(Y(tick));
            svg.Append($"<line class=\"grid\" x1=\"{At(Left)}\" x2=\"{At(Right)}\" y1=\"{y}\" y2=\"{y}\"/>")
                .Append($"<text class=\"tick\" x=\"{At(Left - 8)}\" y=\"{y}\" dy=\".35em\" text-anchor=\"end\">{Percent(tick)}</text>")
                .Append($"<text class=\"tick\" x=\"{At(X(tick))}\" y=\"{At(HistogramBottom + 18)}\" ")
                .Append($"text-anchor=\"{(tick == 1 ? "end" : "middle")}\">{Percent(tick)}</text>\n");
        }
        foreach (var bin in calibration.Bins.Where(bin => bin.Images > 0)) DrawBin(svg, bin, most, all);
        svg.Append($"<line class=\"diagonal\" x1=\"{At(Left)}\" y1=\"{At(Bottom)}\" x2=\"{At(Right)}\" y2=\"{At(Top)}\"/>\n")
            .Append($"<line class=\"grid\" x1=\"{At(Left)}\" x2=\"{At(Right)}\" ")
            .Append($"y1=\"{At(HistogramBottom)}\" y2=\"{At(HistogramBottom)}\"/>")
            .Append($"<text class=\"axis\" x=\"{At(Left + 6)}\" y=\"{At(Top + 12)}\">accuracy</text>")
            .Append($"<text class=\"axis\" x=\"{At(Left + 6)}\" y=\"{At(HistogramTop + 4)}\">images</text>")
            .Append($"<text class=\"axis\" x=\"{At(Right)}\" y=\"{At(Height - 6)}\" text-anchor=\"end\">confidence</text>\n");
        string error = Figures.Share(calibration.Error);
        string label = $"Reliability diagram; expected calibration error {error}";
        return $"""
            <figure class="matrix"><figcaption>Calibration</figcaption>
            <svg viewBox="0 0 {At(Width)} {At(Height)}" role="img" aria-label="{label}">
            {svg}</svg><p class="note">{Note} Expected calibration error {error}, {calibration.Bins.Count} bins.</p></figure>

            """;
    }

    private const string Note =
        "Solid lines: accuracy. <span class=\"swatch gap\"></span> Gap between accuracy and mean confidence. "
        + "Dashed line: perfect calibration.";

    private static void DrawBin(StringBuilder svg, CalibrationBin bin, int most, int all)
    {
        double left = X(bin.From) + 1, width = X(bin.To) - X(bin.From) - 2;
        double accuracy = Y(bin.Accuracy), confidence = Y(bin.Confidence);
        var (higher, lower) = (Math.Min(accuracy, confidence), Math.Max(accuracy, confidence));
        double height = (HistogramBottom - HistogramTop - 8) * bin.Images / most;
        svg.Append($"<g><title>Confidence {Percent(bin.From)} to {Percent(bin.To)}: ")
            .Append($"{Figures.Whole(bin.Images)} of {Figures.Whole(all)} images, ")
            .Append($"accuracy {Figures.Share(bin.Accuracy)}, mean confidence {Figures.Share(bin.Confidence)}</title>")
            .Append($"<rect class=\"bar\" x=\"{At(left)}\" y=\"{At(lower)}\" width=\"{At(width)}\" height=\"{At(Bottom - lower)}\"/>")
            .Append($"<rect class=\"gap\" x=\"{At(left)}\" y=\"{At(higher)}\" width=\"{At(width)}\" height=\"{At(lower - higher)}\"/>")
            .Append($"<line class=\"accuracy\" x1=\"{At(left)}\" x2=\"{At(left + width)}\" y1=\"{At(accuracy)}\" y2=\"{At(accuracy)}\"/>")
            .Append($"<rect class=\"bar\" x=\"{At(left)}\" y=\"{At(HistogramBottom - height)}\" ")
            .Append($"width=\"{At(width)}\" height=\"{At(height)}\"/></g>\n");
    }

    private static string Percent(double share) => $"{Math.Round(100 * share)} %";

    private static double X(double value) => s_axis.Place(value, Left, Right);

    private static double Y(double value) => s_axis.Place(value, Bottom, Top);
}
