using System.Text.Encodings.Web;
using System.Text.Json;

namespace Benchmarks;

/// <summary>The rows of a comparison, for people and in a file.</summary>
internal static class Table
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Works the rows' medians and ranges out, writes them as JSON and prints them.</summary>
    /// <param name="rows">All rows.</param>
    /// <param name="output">The file.</param>
    /// <param name="heading">What was done.</param>
    /// <param name="reference">Whom it is compared with.</param>
    public static void Write(IReadOnlyList<Row> rows, string output, string heading, string reference)
    {
        foreach (var row in rows) row.Summarise();
        string path = Path.GetFullPath(output);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        ResNet.Core.AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, rows, s_json));
        Console.WriteLine();
        Console.WriteLine(heading);
        int width = rows.Max(row => row.Name.Length);
        Console.WriteLine($"{"".PadRight(width)}        {"ours",10} {reference,12} {"ratio",7}");
        foreach (var row in rows)
            Console.WriteLine($"{row.Name.PadRight(width)}  {row.Unit,-5} {row.Ours,10:N0} {row.Reference,12:N0} {row.Ratio,7:0.00} ({row.RatioMin:0.00} to {row.RatioMax:0.00})");
        Console.WriteLine($"These rows are in {path}");
    }
}
