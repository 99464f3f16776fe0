using System.Globalization;

namespace Benchmarks;

/// <summary>Memory of a process and all its child processes, in 10⁶ bytes.</summary>
/// <param name="Proportional">Memory that these processes share with each other counts once.</param>
/// <param name="Resident">Resident set sizes: memory that several processes share counts in each of them.</param>
internal readonly record struct Memory(double Proportional, double Resident)
{
    private const double KibibytesToMegabytes = 1024 / 1e6;

    public static Memory Greater(Memory a, Memory b) => new(Math.Max(a.Proportional, b.Proportional), Math.Max(a.Resident, b.Resident));

    public static Memory Of(int process)
    {
        var all = Tree(process).ToList();
        double resident = all.Sum(memory => memory.Resident);
        // A single process shares memory with unrelated processes only: this process maps the same libraries as its child, which must not
        // make the child's number smaller. Proportional set sizes are for workers, which share most of their memory with each other.
        return new Memory(all.Count == 1 ? resident : all.Sum(memory => memory.Proportional), resident);
    }

    // Proportional and resident set sizes of a process and all its child processes.
    private static List<Memory> Tree(int process)
    {
        var tree = new List<Memory>();
        try
        {
            string[] sizes = File.ReadAllLines($"/proc/{process}/smaps_rollup");
            // A process that has ended and waits for its parent (a zombie) has no memory.
            if (sizes.Length > 0) tree.Add(new Memory(Size(sizes, "Pss:"), Size(sizes, "Rss:")));
            foreach (string thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
            {
                string[] children = File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                foreach (string child in children) tree.AddRange(Tree(int.Parse(child, CultureInfo.InvariantCulture)));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process has just ended.
        }
        return tree;
    }

    private static double Size(string[] lines, string name)
    {
        string line = lines.First(line => line.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * KibibytesToMegabytes;
    }
}
