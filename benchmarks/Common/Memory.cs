using System.Globalization;

namespace Benchmarks;

/// <summary>Memory of a process and all that it started, in 10⁶ bytes.</summary>
/// <param name="Proportional">What these processes share with each other counts once.</param>
/// <param name="Resident">Resident set sizes: what several processes share counts in each.</param>
internal readonly record struct Memory(double Proportional, double Resident)
{
    private const double KibibytesToMegabytes = 1024 / 1e6;

    public static Memory Greater(Memory a, Memory b) => new(Math.Max(a.Proportional, b.Proportional), Math.Max(a.Resident, b.Resident));

    public static Memory Of(int process)
    {
        var all = Tree(process).ToList();
        double resident = all.Sum(memory => memory.Resident);
        // A single process shares with strangers alone: this one has mapped the same libraries as those that it starts, which must not
        // make those smaller. Proportional set sizes are for workers, which share most of what they have with each other.
        return new Memory(all.Count == 1 ? resident : all.Sum(memory => memory.Proportional), resident);
    }

    // Proportional and resident set sizes of a process and all that it started.
    private static List<Memory> Tree(int process)
    {
        var tree = new List<Memory>();
        try
        {
            string[] sizes = File.ReadAllLines($"/proc/{process}/smaps_rollup");
            // A process that has ended and waits for its parent has none.
            if (sizes.Length > 0) tree.Add(new Memory(Size(sizes, "Pss:"), Size(sizes, "Rss:")));
            foreach (string thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
            {
                string[] children = File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                foreach (string child in children) tree.AddRange(Tree(int.Parse(child, CultureInfo.InvariantCulture)));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
        }
        return tree;
    }

    private static double Size(string[] lines, string name)
    {
        string line = lines.First(line => line.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * KibibytesToMegabytes;
    }
}
