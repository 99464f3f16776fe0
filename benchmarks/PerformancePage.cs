using System.Text;

namespace Benchmarks;

/// <summary>Writes tables between the marks of a page; the text around the marks stays the same.</summary>
internal static class PerformancePage
{
    private static readonly (string Library, string Title)[] s_columns =
    [
        ("TorchSharp", "TorchSharp + TorchVision"),
        ("PyTorch", "PyTorch"),
        ("ONNX Runtime", "ONNX Runtime"),
        ("torchvision", "torchvision's loader"),
    ];

    public static void Write(string path, IReadOnlyList<Results> results)
    {
        string page = Replace(File.ReadAllText(path), "ratios", Ratios(results), path);
        foreach (var result in results) page = Replace(page, result.Part, Table(result), path);
        ResNet.Core.AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
        Console.WriteLine($"The tables are in {path}");
    }

    private static string Replace(string page, string part, string table, string path)
    {
        string start = $"<!-- {part} -->\n", end = $"<!-- end of {part} -->";
        int from = page.IndexOf(start, StringComparison.Ordinal), to = page.IndexOf(end, StringComparison.Ordinal);
        if (from < 0 || to < from)
            throw new InvalidOperationException($"{path} has no place for the rows of {part}, between '{start.Trim()}' and '{end}'.");
        return page[..(from + start.Length)] + table + page[to..];
    }

    // A row for each measurement, a column for each library.
    private static string Ratios(IReadOnlyList<Results> results)
    {
        var text = new StringBuilder("| |");
        foreach (var (_, title) in s_columns) text.Append($" {title} |");
        text.Append("\n| --- |").Insert(text.Length, " --- |", s_columns.Length).Append('\n');
        foreach (var rows in results.SelectMany(result => result.Rows).Where(row => !row.IsDetail).GroupBy(row => row.Name))
        {
            text.Append($"| {rows.Key} |");
            foreach (var (library, _) in s_columns) text.Append($" {Ratios([.. rows.Where(row => row.Library == library)])} |");
            text.Append('\n');
        }
        return text.ToString();
    }

    // If a library has several settings, the setting that is least in our favour counts.
    private static string Ratios(IReadOnlyList<Row> rows)
    {
        if (rows.Count == 0) return "";
        var speed = rows.Where(row => row.Unit != Row.Memory).Select(row => row.Speedup).MinBy(speedup => speedup.Median);
        var memory = rows.Where(row => row.Unit == Row.Memory).Select(row => row.Ratio).MaxBy(ratio => ratio.Median);
        return $"speed {speed.Text("0.00")}<br>memory {memory.Text("0.00")}";
    }

    private static string Table(Results results)
    {
        var machine = results.Machine;
        var text = new StringBuilder();
        text.Append($"{results.Rounds} rounds of at least {results.Seconds} s ");
        text.Append($"on {machine.Processors} cores of {machine.Processor} ({machine.Vectors}),\n");
        text.Append($"{machine.MemoryGigabytes} GB, {machine.System}; {machine.DotNet}, {machine.Packages},\n{machine.Python}.\n");
        if (results.Note is { } note) text.Append($"{note}\n");
        text.Append('\n');
        text.Append("| | ours | opponent | theirs | ratio |\n| --- | --- | --- | --- | --- |\n");
        foreach (var row in results.Rows.Where(row => !row.IsDetail))
        {
            string ours = row.Ours.Text(row.Format), theirs = row.Theirs.Text(row.Format);
            text.Append($"| {row.Title} | {ours} {row.Unit} | {row.Opponent} | {theirs} {row.Unit} | {row.Ratio.Text("0.00")} |\n");
        }
        return text.ToString();
    }
}
