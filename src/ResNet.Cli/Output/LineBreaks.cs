namespace ResNet.Cli.Output;

/// <summary>Breaks lines of text for a terminal: only between words, never within a word, a path or anything else in quotes.</summary>
internal static class LineBreaks
{
    // Continued lines are indented, so that they are not mistaken for new ones.
    private const string Indentation = "  ";

    // With less room, nearly each word would have a line of its own.
    private const int LeastWidth = 20;

    /// <summary>Returns the lines of a text without line breaks. A part without a place to break may be longer than the width.</summary>
    /// <param name="text">The text; blanks within a line stay as they are.</param>
    /// <param name="width">The width of the terminal in characters; less than 20 to leave the text as it is.</param>
    internal static IReadOnlyList<string> Split(string text, int width)
    {
        if (width < LeastWidth || text.Length <= width) return [text];
        var lines = new List<string>();
        string line = "";
        foreach (string part in Parts(text))
        {
            if (line.Length > 0 && !string.IsNullOrWhiteSpace(line) && line.Length + part.TrimEnd().Length > width)
            {
                lines.Add(line.TrimEnd());
                line = Indentation + part.TrimStart();
            }
            else
            {
                line += part;
            }
        }
        lines.Add(line.TrimEnd());
        return lines;
    }

    /// <summary>Returns a path for a line of text; a path with blanks in quotes, so that it is not broken.</summary>
    internal static string Quote(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"'{path}'" : path;

    // Words with the blanks after them. A quoted part begins at a quotation mark before which there is no letter, and ends at one after
    // which there is none.
    private static IEnumerable<string> Parts(string text)
    {
        int start = 0;
        bool isQuoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\'')
            {
                if (!isQuoted) isQuoted = (i == 0 || !char.IsLetterOrDigit(text[i - 1])) && HasEnd(text, i + 1);
                else if (IsEnd(text, i)) isQuoted = false;
            }
            // A number stays with its percent sign.
            if (!isQuoted && text[i] == ' ' && (i + 1 == text.Length || text[i + 1] is not (' ' or '%')))
            {
                yield return text[start..(i + 1)];
                start = i + 1;
            }
        }
        if (start < text.Length) yield return text[start..];
    }

    private static bool HasEnd(string text, int start)
    {
        for (int i = start; i < text.Length; i++)
        {
            if (text[i] == '\'' && IsEnd(text, i)) return true;
        }
        return false;
    }

    private static bool IsEnd(string text, int place) => place + 1 == text.Length || !char.IsLetterOrDigit(text[place + 1]);
}
