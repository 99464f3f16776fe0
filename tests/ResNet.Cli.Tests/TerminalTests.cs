using System.Text.RegularExpressions;
using ResNet.Cli.Output;
using Spectre.Console;

namespace ResNet.Cli.Tests;

/// <summary>Lines on a terminal are broken between words and columns only, in a window of any width.</summary>
public sealed class TerminalTests
{
    private const string LongPath = "/home/somebody/experiments/2026/flowers-of-the-alps/runs/20260102-030405-resnet50/report.html";
    private const string Quoted = "'photos of my holiday/train/it's a cat/picture of a very old cat on a chair.png'";

    private static readonly string[] s_texts =
    [
        "Epoch 3/90: train loss 1.2345, train top-1 56.78 %, val loss 1.3456, top-1 54.32 %, top-5 87.65 %, 1234 img/s",
        $"The weights, settings and metrics are in /home/somebody/runs, and {LongPath} shows them",
        $"Note: 1 training image is a copy of another one ({Quoted} = train/dog/1.png): 'verify-data --all' lists all.",
        LongPath,
        "  bright      precision  98.00 %, recall  97.00 %, F1  97.50 %, 1,234 images",
        "",
        "it's the network's class, isn't it",
    ];

    public static TheoryData<int> Widths => new(40, 60, 80, 120);

    [Theory]
    [MemberData(nameof(Widths))]
    public void Lines_are_broken_between_words_and_only_where_they_have_to_be(int width)
    {
        foreach (string text in s_texts)
        {
            var lines = LineBreaks.Split(text, width);
            Words(string.Join(' ', lines)).Should().Equal(Words(text), "no word is broken, lost or added");
            if (text.Length <= width) lines.Should().Equal(text);
            foreach (string unit in new[] { LongPath, Quoted }.Where(text.Contains))
                lines.Should().ContainSingle(line => line.Contains(unit, StringComparison.Ordinal));
            foreach (string line in lines.Where(line => line.Length > width))
                Units(line).Should().HaveCount(1, "a line is too long only if nothing in it can be broken: {0}", line);
            // The first word of a line would not have fitted on the line before.
            foreach (var (line, next) in lines.Zip(lines.Skip(1)))
                (line.Length + 1 + Units(next)[0].Length).Should().BeGreaterThan(width);
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void A_terminal_gets_broken_lines_and_the_rest_of_a_line_when_it_is_flushed(int width)
    {
        using var terminal = new StringWriter { NewLine = "\n" };
        using var writer = new TerminalWriter(terminal, () => width);
        foreach (string text in s_texts) writer.WriteLine(text);
        var expected = s_texts.SelectMany(text => LineBreaks.Split(text, width));
        terminal.ToString().Should().Be(string.Concat(expected.Select(line => line + "\n")));
        terminal.GetStringBuilder().Clear();
        writer.Write("a rest");
        writer.Flush();
        terminal.ToString().Should().Be("a rest");
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Lines_above_a_progress_bar_are_not_broken_again(int width)
    {
        foreach (string text in s_texts)
        {
            using var output = new StringWriter();
            var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Out = new AnsiConsoleOutput(output) });
            console.Profile.Width = width;
            console.Write(new ConsoleProgress.UnbrokenLines(LineBreaks.Split(text, width)));
            string[] lines = output.ToString().ReplaceLineEndings("\n").Split('\n')[..^1];
            lines.Select(line => line.TrimEnd()).Should().Equal(LineBreaks.Split(text, width));
            lines.Should().OnlyContain(line => line.Length % width == 0, "the end of the bar is overwritten");
        }
    }

    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void A_comparison_is_broken_between_columns(int width)
    {
        string[] headings = ["", "20260102-030405-resnet18", "20260102-030405-resnet50", "runs/a run", "b"];
        string[][] rows =
        [
            ["Best top-1", "63.57 %", "71.20 %", "–", "1.00 %"],
            ["Training.Optimizer.LearningRate", "0.1", "0.05", "0.1", "0.1"],
            ["Dataset", "/data/photos", "/data/other photos", "/data/photos", "/data/photos"],
        ];
        string[] lines = [.. ComparisonTable.Lines(headings, rows, width)];
        string[] cells = [.. lines.SelectMany(line => Regex.Split(line.Trim(), " {2,}")).Where(cell => cell.Length > 0)];
        foreach (string cell in rows.SelectMany(row => row).Concat(headings.Skip(1))) cells.Should().Contain(cell);
        cells.Except(rows.SelectMany(row => row)).Except(headings).Should().BeEmpty("no cell is broken");
        lines.Should().OnlyContain(line => line.Length <= width);
        // Each value stands once.
        cells.Count(cell => cell == "71.20 %").Should().Be(1);
        int blocks = lines.Count(line => line.StartsWith("Best top-1", StringComparison.Ordinal));
        blocks.Should().Be(width is 60 or 80 ? 3 : 1);
    }

    [Fact]
    public void A_comparison_that_fits_nowhere_is_a_list_and_one_for_programs_is_never_broken()
    {
        string[] headings = ["", LongPath, "b"];
        string[][] rows = [["Best top-1", "63.57 %", "–"]];
        ComparisonTable.Lines(headings, rows, 40).Should().Equal("Best top-1", $"  {LongPath}", "    63.57 %", "  b", "    –");
        ComparisonTable.Lines(headings, rows, int.MaxValue).Should().Equal(
            $"            {LongPath}  b", $"Best top-1  {"63.57 %".PadRight(LongPath.Length)}  –");
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    // Words, and quoted parts and percentages as one.
    private static string[] Units(string line) =>
        [.. Regex.Matches(line, @"\S*(?<!\w)'(?=[^ ]).*?'(?!\w)\S*|\S+( %\S*)?").Select(unit => unit.Value)];
}
