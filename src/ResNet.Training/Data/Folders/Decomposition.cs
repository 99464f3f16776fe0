using System.Globalization;
using System.Text;

namespace ResNet.Training.Data.Folders;

/// <summary>
/// Decomposes characters as Unicode's form NFD does. .NET's own normalisation needs ICU, which small containers lack.
/// </summary>
/// <remarks>
/// Source: UnicodeData.txt (https://www.unicode.org/reports/tr15). The order of several marks of one letter is left as it is, and
/// characters beyond the Basic Multilingual Plane and Chinese compatibility characters stay whole.
/// </remarks>
internal static class Decomposition
{
    private const string Resource = "decompositions.txt";
    private const char FirstSyllable = '\uAC00', LastSyllable = '\uD7A3';
    private const char FirstLead = '\u1100', FirstVowel = '\u1161', BeforeTails = '\u11A7';
    private const int Vowels = 21, Tails = 28;

    private static readonly Lazy<Dictionary<char, (char First, char Second)>> s_table = new(ReadTable);

    /// <summary>Returns the text with every character decomposed.</summary>
    internal static string Of(string text)
    {
        if (text.All(char.IsAscii)) return text;
        var plain = new StringBuilder(text.Length + 8);
        foreach (char character in text) Append(plain, character);
        return plain.ToString();
    }

    /// <summary>Returns whether a character is only another code for a character, such as the sign for ångström.</summary>
    internal static bool IsTwin(char character) => s_table.Value.TryGetValue(character, out var parts) && parts.Second == 0;

    private static void Append(StringBuilder plain, char character)
    {
        if (character is >= FirstSyllable and <= LastSyllable)
        {
            var (rest, tail) = Math.DivRem(character - FirstSyllable, Tails);
            plain.Append((char)(FirstLead + (rest / Vowels))).Append((char)(FirstVowel + (rest % Vowels)));
            if (tail > 0) plain.Append((char)(BeforeTails + tail));
        }
        else if (s_table.Value.TryGetValue(character, out var parts))
        {
            // The first part may be composed in its turn.
            Append(plain, parts.First);
            if (parts.Second != 0) Append(plain, parts.Second);
        }
        else
        {
            plain.Append(character);
        }
    }

    private static Dictionary<char, (char First, char Second)> ReadTable()
    {
        var table = new Dictionary<char, (char, char)>();
        using var reader = new StreamReader(typeof(Decomposition).Assembly.GetManifestResourceStream(Resource)!);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#')) continue;
            for (int i = 5; i < line.Length; i += 8) table.Add(Code(line, i + 4), (Code(line, i), Code(line, 0)));
        }
        return table;
    }

    private static char Code(string line, int start) =>
        (char)int.Parse(line.AsSpan(start, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
