namespace ResNet.Cli.Output;

/// <summary>A table of runs side by side as lines of text, which are broken between columns only.</summary>
internal static class ComparisonTable
{
    private const string Gap = "  ";

    /// <summary>
    /// Returns the lines. Columns that do not fit follow below, again with the names of the rows. If not even one column fits, the table is
    /// a list.
    /// </summary>
    /// <param name="headings">The headings of the columns, the first one that of the names of the rows.</param>
    /// <param name="rows">The cells of each row, the first one its name.</param>
    /// <param name="width">The number of characters of a line.</param>
    internal static IEnumerable<string> Lines(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string>> rows, int width)
    {
        int[] widths = [.. headings.Select((heading, column) => rows.Select(row => row[column].Length).Append(heading.Length).Max())];
        if (widths[0] + Gap.Length + widths.Skip(1).Max() > width) return List(headings, rows);
        var lines = new List<string>();
        for (int first = 1, end; first < headings.Count; first = end)
        {
            int length = widths[0];
            for (end = first; end < headings.Count && length + Gap.Length + widths[end] <= width; end++) length += Gap.Length + widths[end];
            if (first > 1) lines.Add("");
            int[] columns = [0, .. Enumerable.Range(first, end - first)];
            lines.Add(Line(headings, columns));
            lines.AddRange(rows.Select(row => Line(row, columns)));
        }
        return lines;

        string Line(IReadOnlyList<string> cells, int[] columns) =>
            string.Join(Gap, columns.Select(column => cells[column].PadRight(widths[column]))).TrimEnd();
    }

    private static IEnumerable<string> List(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        foreach (var row in rows)
        {
            yield return row[0];
            for (int column = 1; column < headings.Count; column++)
            {
                yield return Gap + headings[column];
                yield return Gap + Gap + row[column];
            }
        }
    }
}
