using System.Text;
using ResNet.Training.Evaluation;
using static ResNet.Training.Reports.Charts.Html;

namespace ResNet.Training.Reports.Charts;

/// <summary>
/// A confusion matrix as a heat map: of all classes, or of the most confused ones if there are many.
/// </summary>
internal static class ConfusionFigure
{
    /// <summary>The maximum number of classes in the figure.</summary>
    internal const int MostClasses = 20;

    private const int MostNumbered = 12;
    private const double Side = 480;
    private const double Names = 118;
    private const int NameLength = 16;

    // Cells below this value have dark text, cells above it white text.
    private const double Dark = 0.55;

    /// <summary>Draws the figure; empty if there are no images.</summary>
    internal static string Draw(ConfusionMatrix confusion, IReadOnlyList<string> classes)
    {
        if (confusion.Cells.Count == 0) return "";
        int[] shown = Shown(confusion);
        double cell = (Side - Names - 2) / shown.Length;
        var svg = new StringBuilder();
        for (int row = 0; row < shown.Length; row++)
        {
            double middle = Names + ((row + 0.5) * cell);
            string name = Text(classes[shown[row]], NameLength);
            string full = Text(classes[shown[row]]);
            svg.Append($"<text class=\"tick\" x=\"{At(Names - 8)}\" y=\"{At(middle - Names)}\" dy=\".35em\" text-anchor=\"end\">")
                .Append($"{name}<title>{full}</title></text>")
                    .Append($"<text class=\"tick\" transform=\"translate({At(middle)} {At(Side - Names + 6)}) rotate(-90)\" ")
                    .Append($"dy=\".35em\" text-anchor=\"end\">{name}<title>{full}</title></text>\n");
            for (int column = 0; column < shown.Length; column++)
            {
                var pair = (shown[row], shown[column]);
                DrawCell(svg, confusion, classes, pair, Names + (column * cell), row * cell, cell, shown.Length);
            }
        }
        string caption = shown.Length == confusion.Classes
            ? "Confusion matrix"
            : $"Confusion matrix of the {shown.Length} most confused of {Figures.Whole(confusion.Classes)} classes";
        return $"""
            <figure class="matrix"><figcaption>{caption}</figcaption>
            <svg viewBox="0 0 {At(Side)} {At(Side)}" role="img" aria-label="Confusion matrix of {shown.Length} classes">
            {svg}</svg><p class="note">{Note}</p></figure>

            """;
    }

    private const string Note =
        "Rows are true classes, columns are predicted classes. The stronger a cell's colour, the larger its share of the row: "
        + "<span class=\"swatch right\"></span> correct, <span class=\"swatch wrong\"></span> incorrect.";

    /// <summary>Returns the classes to draw, in their order.</summary>
    internal static int[] Shown(ConfusionMatrix confusion)
    {
        if (confusion.Classes <= MostClasses) return [.. Enumerable.Range(0, confusion.Classes)];
        var chosen = new SortedSet<int>();
        foreach (var cell in confusion.Cells.Where(cell => cell.Class != cell.Predicted).OrderByDescending(cell => cell.Count))
        {
            if (chosen.Union([cell.Class, cell.Predicted]).Count() <= MostClasses) chosen.UnionWith([cell.Class, cell.Predicted]);
            if (chosen.Count == MostClasses) break;
        }
        // A network without mistakes confuses no classes.
        for (int i = 0; chosen.Count < MostClasses; i++) chosen.Add(i);
        return [.. chosen];
    }

    private static void DrawCell(
        StringBuilder svg,
        ConfusionMatrix confusion,
        IReadOnlyList<string> classes,
        (int Class, int Predicted) pair,
        double x,
        double y,
        double side,
        int shown)
    {
        int count = confusion[pair.Class, pair.Predicted], support = confusion.PerClass[pair.Class].Support;
        double share = support == 0 ? 0 : (double)count / support;
        bool isRight = pair.Class == pair.Predicted;
        // The square root keeps rare mistakes visible beside frequent correct predictions.
        double opacity = count == 0 ? 0 : isRight ? Math.Max(0.08, share * 0.9) : Math.Max(0.08, Math.Sqrt(share) * 0.9);
        string type = count == 0 ? "none" : isRight ? "right" : "wrong";
        svg.Append($"<rect class=\"cell {type}\" x=\"{At(x + 0.5)}\" y=\"{At(y + 0.5)}\" ")
            .Append($"width=\"{At(side - 1)}\" height=\"{At(side - 1)}\"");
        if (count > 0) svg.Append($" fill-opacity=\"{At(opacity)}\"");
        string prediction = isRight ? " predicted correctly" : $" predicted as {Text(classes[pair.Predicted])}";
        svg.Append($"><title>{Text(classes[pair.Class])}{prediction}: {Figures.Whole(count)} of {Figures.Whole(support)}</title></rect>");
        if (count > 0 && shown <= MostNumbered)
        {
            svg.Append($"<text class=\"count{(opacity > Dark ? " light" : "")}\" x=\"{At(x + (side / 2))}\" y=\"{At(y + (side / 2))}\" ")
                .Append($"dy=\".35em\" text-anchor=\"middle\">{count}</text>");
        }
        svg.Append('\n');
    }
}
