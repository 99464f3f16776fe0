using System.Globalization;

namespace ResNet.Training.Reports.Charts;

/// <summary>The number formats of reports; a dash stands for NaN.</summary>
internal static class Figures
{
    internal const string None = "–";

    /// <summary>Formats a number in percent: <c>93.41 %</c>.</summary>
    internal static string Percent(double? value) => Text(value, "0.00", " %");

    /// <summary>Formats a number from 0 to 1 in percent: <c>93.4 %</c>.</summary>
    internal static string Share(double? value) => Text(100 * value, "0.0", " %");

    internal static string Loss(double? value) => Text(value, "0.0000");

    internal static string Rate(double? value) => Text(value, value is > 0 and < 1e-4 ? "0.###e-0" : "0.######");

    /// <summary>Formats a learning rate with two digits: <c>0.032</c>, <c>3.2e-5</c>.</summary>
    internal static string RoundedRate(double? value) => value is { } rate && double.IsFinite(rate)
        ? Rate(double.Parse(rate.ToString("E1", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture))
        : None;

    internal static string Speed(double? value) => Text(value, value < 10 ? "0.0" : "#,0");

    internal static string Whole(long value) => Text(value, "#,0");

    /// <summary>Formats a number of bytes: <c>612 MiB</c>, <c>1.5 GiB</c>.</summary>
    internal static string Memory(long bytes) => bytes < 1L << 30
        ? Text(Math.Round(bytes / (double)(1 << 20)), "#,0", " MiB")
        : Text(bytes / (double)(1L << 30), "#,0.0", " GiB");

    internal static string Duration(TimeSpan? time) => time switch
    {
        null => None,
        { TotalHours: >= 1 } lengthy =>
            string.Create(CultureInfo.InvariantCulture, $"{(int)lengthy.TotalHours:#,0} h {lengthy.Minutes} min"),
        { TotalMinutes: >= 1 } middling => string.Create(CultureInfo.InvariantCulture, $"{middling.Minutes} min {middling.Seconds} s"),
        { } brief => string.Create(CultureInfo.InvariantCulture, $"{brief.TotalSeconds:0.#} s"),
    };

    /// <summary>Returns the median of the finite numbers; NaN if there are none.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }

    private static string Text(double? value, string format, string unit = "") =>
        value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) + unit : None;
}
