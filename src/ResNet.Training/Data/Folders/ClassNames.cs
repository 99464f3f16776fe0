using System.Globalization;
using System.Text;

namespace ResNet.Training.Data.Folders;

/// <summary>The names of class folders: which are refused, and how a message shows what is invisible about them.</summary>
internal static class ClassNames
{
    // .NET shows bytes that are not UTF-8 as this character.
    private const char Replacement = '\uFFFD';

    /// <summary>Refuses a name that is not UTF-8: the file or folder could not be opened by it.</summary>
    internal static void RefuseUnreadable(string folder, string name)
    {
        if (!name.Contains(Replacement, StringComparison.Ordinal)) return;
        throw new DatasetException(
            $"In '{folder}' there is a name that is not UTF-8, shown here as '{name}': rename it, or convert the names with a tool such as "
            + "convmv.");
    }

    /// <summary>Refuses class names with control characters, and names that other systems or people would take for the same.</summary>
    internal static void Refuse(string root, IReadOnlyList<string> classes)
    {
        if (classes.FirstOrDefault(name => name.Any(IsInvisible)) is { } invisible)
        {
            throw new DatasetException(
                $"The class folder {Quote(invisible)} in '{root}' has a control character in its name: rename the folder.");
        }
        foreach (var alike in classes.GroupBy(Fold))
        {
            if (alike.ToList() is [var first, var second, ..])
            {
                throw new DatasetException(
                    $"The class folders {Quote(first)} and {Quote(second)} in '{root}' "
                    + $"{Difference(first, second)}: put their images into one of them, or rename one.");
            }
        }
    }

    /// <summary>Returns whether two names differ only in capitals or in Unicode's composition of characters.</summary>
    internal static bool AreAlike(string first, string second) => Fold(first) == Fold(second);

    /// <summary>Says how two such names differ.</summary>
    internal static string Difference(string first, string second) =>
        Decomposition.Of(first) == Decomposition.Of(second)
            ? "differ only in the Unicode characters that they are written with"
            : "differ only in capitals";

    /// <summary>Returns a name in quotes, with characters that are invisible, or that look alike, as <c>\u000A</c>.</summary>
    internal static string Quote(string name)
    {
        // A single character shows itself; a mark beside its letter looks like one.
        if (!name.Any(character => IsInvisible(character) || IsMark(character) || Decomposition.IsTwin(character))) return $"'{name}'";
        var text = new StringBuilder("'");
        foreach (var character in name)
        {
            if (character < 0x7f && !char.IsControl(character)) text.Append(character);
            else text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}");
        }
        return text.Append('\'').ToString();
    }

    // Unicode's line and paragraph separators end lines in some programs.
    private static bool IsInvisible(char character) => char.IsControl(character) || character is '\u2028' or '\u2029';

    private static bool IsMark(char character) => char.GetUnicodeCategory(character) == UnicodeCategory.NonSpacingMark;

    private static string Fold(string name) => Decomposition.Of(name).ToUpperInvariant();
}
