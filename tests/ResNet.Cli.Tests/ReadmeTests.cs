using System.Text.RegularExpressions;

namespace ResNet.Cli.Tests;

/// <summary>The README is short, and its numbers for speed and memory are those of docs/performance.md.</summary>
public sealed partial class ReadmeTests
{
    private const int MostLines = 150;

    private static string Root => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../.."));

    [Fact]
    public void The_readme_is_short() => File.ReadLines(Path.Combine(Root, "README.md")).Count().Should().BeLessThanOrEqualTo(MostLines);

    [Fact]
    public void Its_ratios_are_those_that_were_measured()
    {
        var measured = Rows(Path.Combine("docs", "performance.md"), from: "<!-- ratios -->", to: "<!-- end of ratios -->")
            .ToDictionary(row => row[0], row => row[1..]);
        var rows = Rows("README.md", from: "## How fast it is", to: "[docs/performance.md]").ToList();
        rows.Should().NotBeEmpty();
        foreach (string[] row in rows)
        {
            // docs/performance.md has a separate column for torchvision's loader.
            string[] ratios = [.. measured[row[0]].Select(Short)];
            row[1..].Should().Equal([ratios[0], ratios[1] + ratios[3], ratios[2]], row[0]);
        }
    }

    // Returns the rows of a table without its header.
    private static IEnumerable<string[]> Rows(string page, string from, string to) =>
        File.ReadLines(Path.Combine(Root, page))
            .SkipWhile(line => !line.StartsWith(from, StringComparison.Ordinal))
            .TakeWhile(line => !line.StartsWith(to, StringComparison.Ordinal))
            .Where(line => line.StartsWith('|'))
            .Skip(2)
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries));

    // Shortens "speed 1.45 (1.28 to 1.63)<br>memory 0.88 (0.87 to 0.89)" to "1.45 (0.88)".
    private static string Short(string cell) =>
        Ratios().Match(cell) is { Success: true } match ? $"{match.Groups["speed"]} ({match.Groups["memory"]})" : "";

    [GeneratedRegex(@"^speed (?<speed>[\d.]+) .*<br>memory (?<memory>[\d.]+) ")]
    private static partial Regex Ratios();
}
