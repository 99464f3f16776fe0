using System.Text;

namespace Benchmarks;

/// <summary>Puts tables between the marks that a page has for them; what is written around them stays.</summary>
internal static class PerformancePage
{
    public static void Write(string path, IReadOnlyList<Results> results)
    {
        string page = File.ReadAllText(path);
        foreach (var result in results) page = Replace(page, result.Part, Table(result), path);
        ResNet.Core.AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
        Console.WriteLine($"The tables are in {path}");
    }

    private static string Replace(string page, string part, string table, string path)
    {
        string start = $"<!-- {part} -->\n", end = $"<!-- end of {part} -->";
        int from = page.IndexOf(start, StringComparison.Ordinal), to = page.IndexOf(end, StringComparison.Ordinal);
        if (from < 0 || to < from) throw new InvalidOperationException($"{path} has no place for the rows of {part}, between '{start.Trim()}' and '{end}'.");
        return page[..(from + start.Length)] + table + page[to..];
    }

    private static string Table(Results results)
    {
        var machine = results.Machine;
        var text = new StringBuilder();
        text.Append($"{results.Rounds} rounds of at least {results.Seconds} s on {machine.Processors} cores of {machine.Processor} ({machine.Vectors}), {machine.MemoryGigabytes} GB, {machine.System}; {machine.DotNet}, {machine.Python}.\n\n");
        text.Append("| | ours | beside | theirs | ratio |\n| --- | --- | --- | --- | --- |\n");
        foreach (var row in results.Rows.Where(row => !row.IsDetail))
            text.Append($"| {row.Name} | {row.Ours.Text(row.Format)} {row.Unit} | {row.Opponent} | {row.Theirs.Text(row.Format)} {row.Unit} | {row.Ratio.Text("0.00")} |\n");
        return text.ToString();
    }
}
