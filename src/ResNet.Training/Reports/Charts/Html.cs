using System.Globalization;
using System.Net;

namespace ResNet.Training.Reports.Charts;

/// <summary>Words and numbers as HTML and SVG take them.</summary>
internal static class Html
{
    /// <summary>Text that came from somebody else, for between tags and for quoted attributes.</summary>
    internal static string Text(string? text)
    {
        if (text is null) return "";
        // Control characters and halves of surrogate pairs may not stand in a page.
        string clean = string.Concat(text.EnumerateRunes().Select(rune => System.Text.Rune.IsControl(rune) && rune.Value is not ('\t' or '\n') ? "\uFFFD" : rune.ToString()));
        return WebUtility.HtmlEncode(clean);
    }

    /// <summary>Text of at most so many characters, the rest left out.</summary>
    internal static string Text(string text, int length) => text.Length <= length ? Text(text) : Text(text[..(length - 1)]) + "…";

    /// <summary>A coordinate: two places behind the point are a hundredth of a pixel.</summary>
    internal static string At(double coordinate) => double.IsFinite(coordinate)
        ? coordinate.ToString("0.##", CultureInfo.InvariantCulture)
        : throw new ArgumentOutOfRangeException(nameof(coordinate), coordinate, "A coordinate has to be a finite number.");

    /// <summary>A PNG that is part of the page.</summary>
    internal static string Png(ReadOnlyMemory<byte> png) => $"data:image/png;base64,{Convert.ToBase64String(png.Span)}";

    /// <summary>A table in a box that it can be scrolled in.</summary>
    /// <param name="caption">What it shows, for those who do not see it.</param>
    /// <param name="headings">Of the columns, already HTML. The first column names the rows.</param>
    /// <param name="rows">Cells, already HTML.</param>
    /// <param name="type">The table's class.</param>
    internal static string Table(string caption, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows, string type = "numbers")
    {
        string head = headings.Count == 0 ? "" : $"<thead><tr>{string.Concat(headings.Select(heading => $"<th scope=\"col\">{heading}</th>"))}</tr></thead>";
        string body = string.Join('\n', rows.Select(row => $"<tr><th scope=\"row\">{row[0]}</th>{string.Concat(row.Skip(1).Select(cell => $"<td>{cell}</td>"))}</tr>"));
        return $"""
            <div class="scroll" role="region" aria-label="{Text(caption)}" tabindex="0"><table class="{type}"><caption>{Text(caption)}</caption>{head}<tbody>
            {body}
            </tbody></table></div>

            """;
    }
}
