using System.Globalization;
using System.Text.RegularExpressions;
using ResNet.Training.Reports;
using ResNet.Training.Reports.Charts;

namespace ResNet.Training.Tests.Reports.Charts;

/// <summary>Lines of charts can be told apart with any kind of colour vision, and without colours.</summary>
public sealed class LineColourTests
{
    // Twice the difference in CIELAB that is seen at a glance, about 10.
    private const double LeastDifference = 20;

    // WCAG 2.2, success criterion 1.4.11, for graphics.
    private const double LeastContrast = 3;

    // What people without the long, medium or short cones see, in linear RGB (Machado, Oliveira and Fernandes 2009, "A
    // Physiologically-based Model for Simulation of Color Vision Deficiency", table 1, severity 1).
    private static readonly double[][] s_vision =
    [
        [1, 0, 0, 0, 1, 0, 0, 0, 1],
        [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
        [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881],
        [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900],
    ];

    private static readonly string s_style = Regex.Match(
        HtmlReport.Create(new ReportContent { Title = "x", Epochs = [] }), "<style>(.*?)</style>", RegexOptions.Singleline).Groups[1].Value;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Colours_differ_for_every_kind_of_vision_and_stand_out_from_the_page(int mode)
    {
        string theme = Regex.Matches(s_style, ":root \\{(.*?)\\}", RegexOptions.Singleline)[mode].Groups[1].Value;
        string page = Colour(theme, "page");
        string[] lines = [.. Enumerable.Range(0, ChartLine.Colours).Select(i => Colour(theme, $"s{i}"))];
        lines.Should().OnlyContain(line => Contrast(line, page) >= LeastContrast);
        for (int i = 0; i < lines.Length; i++)
        {
            foreach (string other in lines[..i])
                Difference(lines[i], other).Should().BeGreaterThan(LeastDifference, "{0} and {1} are two lines", lines[i], other);
        }
    }

    [Fact]
    public void Colours_that_colour_blind_readers_confuse_would_be_noticed()
    {
        // Black on white has the highest contrast that there is, by the definition of WCAG.
        Contrast("#000000", "#ffffff").Should().BeApproximately(21, 1e-9);
        Contrast("#777777", "#ffffff").Should().BeApproximately(4.48, 0.005);
        // A red and a green of the same brightness for people without medium cones.
        Difference("#c0560b", "#866a00").Should().BeLessThan(LeastDifference);
        Difference("#000000", "#ffffff").Should().BeApproximately(100, 0.01);
    }

    [Fact]
    public void No_two_lines_have_the_same_pattern()
    {
        var lines = Enumerable.Range(0, ChartLine.Colours)
            .SelectMany(i => new[] { new ChartLine("", i, []), new ChartLine("", i, []) { IsDashed = true } });
        string[] patterns = [.. lines.Select(line => Pattern(line.Type))];
        patterns.Should().OnlyHaveUniqueItems();
        patterns[0].Should().BeEmpty("the first line is solid");
        s_style.Should().Contain("stroke-dasharray: var(--dash, none)");
    }

    private static string Pattern(string type) => Regex.Match(
        s_style, $@"(?<!\S)\.{type.Replace(" ", @"\.", StringComparison.Ordinal)} \{{ --dash: ([0-9. ]+);").Groups[1].Value;

    private static string Colour(string theme, string name) => Regex.Match(theme, $"--{name}: (#[0-9a-f]{{6}});").Groups[1].Value;

    private static double Difference(string one, string other) => s_vision.Min(vision =>
    {
        var (a, b) = (Lab(See(vision, Linear(one))), Lab(See(vision, Linear(other))));
        return Math.Sqrt(a.Zip(b).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));
    });

    private static double[] See(double[] vision, double[] rgb) =>
        [.. Enumerable.Range(0, 3).Select(row => Math.Clamp(Enumerable.Range(0, 3).Sum(i => vision[(3 * row) + i] * rgb[i]), 0, 1))];

    private static double Contrast(string one, string other)
    {
        double[] sorted = [.. new[] { Luminance(one), Luminance(other) }.Order()];
        return (sorted[1] + 0.05) / (sorted[0] + 0.05);
    }

    private static double Luminance(string colour) =>
        Linear(colour) is [var r, var g, var b] ? (0.2126 * r) + (0.7152 * g) + (0.0722 * b) : 0;

    // sRGB, IEC 61966-2-1.
    private static double[] Linear(string colour) => [.. new[] { 1, 3, 5 }.Select(start =>
    {
        double value = int.Parse(colour.AsSpan(start, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    })];

    // CIE 1976 L*a*b* of linear sRGB, white D65.
    private static double[] Lab(double[] rgb)
    {
        double x = F(((0.4124564 * rgb[0]) + (0.3575761 * rgb[1]) + (0.1804375 * rgb[2])) / 0.95047);
        double y = F((0.2126729 * rgb[0]) + (0.7151522 * rgb[1]) + (0.0721750 * rgb[2]));
        double z = F(((0.0193339 * rgb[0]) + (0.1191920 * rgb[1]) + (0.9503041 * rgb[2])) / 1.08883);
        return [(116 * y) - 16, 500 * (x - y), 200 * (y - z)];

        static double F(double value) => value > 216.0 / 24389 ? Math.Cbrt(value) : ((24389.0 / 27 * value) + 16) / 116;
    }
}
