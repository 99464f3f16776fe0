namespace ResNet.Cli.Tests;

/// <summary>Lines end before 140 characters in C# and 120 in Markdown.</summary>
/// <remarks>
/// Lines that cannot be broken are exempt: lines without a blank after their indentation, such as addresses, and in Markdown rows of
/// tables, blocks of code and pictures.
/// </remarks>
public sealed class LineLengthTests
{
    private const int CSharp = 140;
    private const int Markdown = 120;

    private static readonly string[] s_folders = ["benchmarks", "docs", "samples", "src", "tests"];

    private static string Root => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../.."));

    [Fact]
    public void Lines_of_code_end_in_time() =>
        Files("*.cs").SelectMany(file => Long(file, File.ReadLines(file), CSharp)).Should().BeEmpty();

    [Fact]
    public void Lines_of_documents_end_in_time() =>
        Files("*.md").SelectMany(file => Long(file, Prose(File.ReadLines(file)), Markdown)).Should().BeEmpty();

    [Theory]
    [InlineData("one two", true)]
    [InlineData("    https://example.org/one-two", false)]
    [InlineData("| one | two |", false)]
    [InlineData("[<img src=\"one.png\">](two.md)", false)]
    [InlineData("```\none two\n```", false)]
    public void What_cannot_be_broken_may_be_longer(string text, bool isLong) =>
        Long("page.md", Prose(text.Split('\n')), limit: 1).Any().Should().Be(isLong);

    private static IEnumerable<string> Files(string pattern) =>
        s_folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Root, pattern));

    private static IEnumerable<string> Long(string file, IEnumerable<string> lines, int limit) => lines
        .Select((line, index) => (Line: line, Number: index + 1))
        .Where(entry => entry.Line.Length > limit && entry.Line.Trim().Contains(' ', StringComparison.Ordinal))
        .Select(entry => $"{Path.GetRelativePath(Root, file)}:{entry.Number} has {entry.Line.Length} characters");

    // Replaces exempt lines with empty ones, so that the other lines keep their numbers.
    private static IEnumerable<string> Prose(IEnumerable<string> lines)
    {
        bool isCode = false;
        foreach (string line in lines)
        {
            bool isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            if (isFence) isCode = !isCode;
            bool isExempt = isCode || isFence || line.TrimStart().StartsWith('|') || line.StartsWith("[<img", StringComparison.Ordinal);
            yield return isExempt ? "" : line;
        }
    }
}
