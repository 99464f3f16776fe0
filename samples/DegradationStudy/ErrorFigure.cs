using System.Globalization;
using System.Text;
using ResNet.Core;

namespace DegradationStudy;

/// <summary>
/// Draws errors over steps as an SVG: plain networks on the left, residual ones on the right, training error thin and dashed, test error
/// bold, as in the paper (He et al. 2015, figure 6).
/// </summary>
internal static class ErrorFigure
{
    private const int Width = 900;
    private const int Height = 400;
    private const int PanelWidth = 360;
    private const int PanelHeight = 290;
    private const int Top = 48;

    private static readonly (string Title, int Left, (string Network, string Name, string Colour)[] Lines)[] s_panels =
    [
        ("Plain networks", 60, [("plain20", "20 layers", "#b58900"), ("plain56", "56 layers", "#c0392b")]),
        ("Residual networks", 500, [("resnet20", "20 layers", "#b58900"), ("resnet56", "56 layers", "#c0392b")]),
    ];

    internal static void Write(string path, ErrorTable errors, long steps) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(Draw(errors, steps))));

    private static string Draw(ErrorTable errors, long steps)
    {
        double highest = Highest(errors, steps);
        var svg = new StringBuilder();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" "
            + $"font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n");
        svg.Append("<title>Training and test error of plain and residual networks over the steps of training</title>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/>\n");
        foreach (var (title, left, lines) in s_panels)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<svg x=\"{left}\" y=\"{Top}\" width=\"{PanelWidth}\" height=\"{PanelHeight}\">\n");
            foreach (var (network, _, colour) in lines) DrawLines(svg, errors.Of(network), colour, steps, highest);
            svg.Append("</svg>\n");
            DrawAxes(svg, title, left, steps, highest);
            // Errors fall to the right, so there is free space at the bottom left.
            for (int i = 0; i < lines.Length; i++)
                DrawKey(svg, left + 16, Top + PanelHeight - 30 + (18 * i), lines[i].Name, lines[i].Colour);
        }
        return svg.Append("</svg>\n").ToString();
    }

    // In the first quarter errors fall from 90 %; this part may be cut off, as in the paper.
    private static double Highest(ErrorTable errors, long steps)
    {
        var later = errors.Points.Where(point => point.Step > steps / 4).DefaultIfEmpty(new("", 0, 100, 100));
        return Math.Min(100, 10 * Math.Ceiling(later.Max(point => Math.Max(point.TrainingError, point.TestError)) / 10 + 0.1));
    }

    private static void DrawLines(StringBuilder svg, List<ErrorPoint> points, string colour, long steps, double highest)
    {
        DrawLine(point => point.TrainingError, "1.2\" stroke-dasharray=\"5 4");
        DrawLine(point => point.TestError, "2.6");

        void DrawLine(Func<ErrorPoint, double> error, string width)
        {
            var corners = points.Select(point => string.Create(
                CultureInfo.InvariantCulture,
                $"{PanelWidth * (double)point.Step / steps:0.#},{PanelHeight * (1 - (error(point) / highest)):0.#}"));
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\" "
                + $"points=\"{string.Join(' ', corners)}\"/>\n");
        }
    }

    private static void DrawAxes(StringBuilder svg, string title, int left, long steps, double highest)
    {
        Text(left + (PanelWidth / 2), Top - 16, "middle", title, " font-size=\"15\" font-weight=\"bold\"");
        svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{left} {Top}v{PanelHeight}h{PanelWidth}\" fill=\"none\" stroke=\"#444\"/>\n");
        double each = highest > 50 ? 20 : highest > 20 ? 10 : 5;
        for (double error = 0; error <= highest; error += each)
        {
            double y = Top + (PanelHeight * (1 - (error / highest)));
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{left} {y:0.#}h{PanelWidth}\" stroke=\"#999\" stroke-width=\"0.4\"/>\n");
            Text(left - 7, y + 4, "end", $"{error}");
        }
        for (int quarter = 0; quarter <= 4; quarter++)
        {
            string step = (steps * quarter / 4).ToString("N0", CultureInfo.InvariantCulture);
            Text(left + (PanelWidth * quarter / 4.0), Top + PanelHeight + 18, "middle", step);
        }
        Text(left + (PanelWidth / 2), Top + PanelHeight + 38, "middle", "steps");
        Text(left - 30, Top - 16, "start", "error (%)");

        void Text(double x, double y, string anchor, string text, string more = "") =>
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\"{more}>{text}</text>\n");
    }

    private static void DrawKey(StringBuilder svg, int x, int y, string name, string colour) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<path d=\"M{x} {y - 4}h24\" stroke=\"{colour}\" stroke-width=\"2.6\"/>"
        + $"<path d=\"M{x + 30} {y - 4}h24\" stroke=\"{colour}\" stroke-width=\"1.2\" stroke-dasharray=\"5 4\"/>"
        + $"<text x=\"{x + 60}\" y=\"{y}\">{name}: test, training</text>\n");
}
