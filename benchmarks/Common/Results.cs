using System.Text.Encodings.Web;
using System.Text.Json;
using ResNet.Core.Layers;

namespace Benchmarks;

/// <summary>The rows of one part of the comparison, and their origin.</summary>
internal sealed record Results(string Part, Machine Machine, int Rounds, double Seconds, IReadOnlyList<Row> Rows)
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>What to know of the rows; null for nothing. PyTorch, with an older oneDNN, is not limited.</summary>
    public string? Note { get; } = OneDnn.IsLimited && Rows.Any(row => row.Library == "TorchSharp")
        ? "TorchSharp's convolutions take SSE4.1, since they would be wrong on this machine, which hides its caches."
        : null;

    public static Results Of(string part, Settings settings, IEnumerable<Row> rows) =>
        new(part, Machine.This, settings.Rounds, settings.Seconds, [.. rows]);

    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        ResNet.Core.AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, s_json));
    }

    public void Print()
    {
        Console.WriteLine();
        Console.WriteLine(
            $"{Rounds} alternating rounds on {Machine.Processors} processors, as many threads on all sides; medians, and their ranges:");
        if (Note is not null) Console.WriteLine(Note);
        foreach (var rows in Rows.Where(row => !row.IsDetail).GroupBy(row => row.Title))
        {
            Console.WriteLine($"{rows.Key}: {Text(rows.First(), row => row.Ours)}");
            foreach (var row in rows)
                Console.WriteLine($"  {row.Opponent,-34}  {Text(row, row => row.Theirs),-32}  ratio {row.Ratio.Text("0.00")}");
        }

        static string Text(Row row, Func<Row, Spread> side) => $"{side(row).Text(row.Format)} {row.Unit}";
    }
}
