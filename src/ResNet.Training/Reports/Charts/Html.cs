using System.Globalization;
using System.Net;

namespace ResNet.Training.Reports.Charts;

/// <summary>Text and numbers in HTML and SVG.</summary>
internal static class Html
{
    /// <summary>Escapes text of any origin, for element content and quoted attributes.</summary>
    internal static string Text(string? text)
    {
        if (text is null) return "";
        // A page may not contain control characters or lone surrogates.
        string clean = string.Concat(text.EnumerateRunes().Select(rune =>
            System.Text.Rune.IsControl(rune) && rune.Value is not ('\t' or '\n') ? "\uFFFD" : rune.ToString()));
        return WebUtility.HtmlEncode(clean);
    }

    /// <summary>Escapes text and cuts it to a length.</summary>
    internal static string Text(string text, int length) => text.Length <= length ? Text(text) : Text(text[..(length - 1)]) + "…";

    /// <summary>Formats a coordinate with two decimals, a hundredth of a pixel.</summary>
    internal static string At(double coordinate) => double.IsFinite(coordinate)
        ? coordinate.ToString("0.##", CultureInfo.InvariantCulture)
        : throw new ArgumentOutOfRangeException(nameof(coordinate), coordinate, "A coordinate has to be a finite number.");

    /// <summary>Returns a PNG as a part of the page.</summary>
    internal static string Png(ReadOnlyMemory<byte> png) => $"data:image/png;base64,{Convert.ToBase64String(png.Span)}";

    /// <summary>Returns a table in a box that scrolls.</summary>
    /// <param name="caption">Its caption for screen readers.</param>
    /// <param name="headings">The headings of the columns, already HTML. The first column names the rows.</param>
    /// <param name="rows">Cells, already HTML.</param>
    /// <param name="type">The table's class.</param>
    internal static string Table(
        string caption, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows, string type = "numbers")
    {
        string columns = string.Concat(headings.Select(heading => $"<th scope=\"col\">{heading}</th>"));
        string head = headings.Count == 0 ? "" : $"<thead><tr>{columns}</tr></thead>";
        string body = string.Join('\n', rows.Select(row =>
            $"<tr><th scope=\"row\">{row[0]}</th>{string.Concat(row.Skip(1).Select(cell => $"<td>{cell}</td>"))}</tr>"));
        string name = Text(caption);
        return $"""
            <div class="scroll" role="region" aria-label="{name}" tabindex="0"><table class="{type}"><caption>{name}</caption>{head}<tbody>
            {body}
            </tbody></table></div>

            """;
    }
}
