using System.Globalization;

namespace Benchmarks;

/// <summary>Memory of a process and all that it started, in 10⁶ bytes.</summary>
/// <param name="Proportional">Proportional set sizes: what several processes share counts once.</param>
/// <param name="Resident">Resident set sizes: what several processes share counts in each.</param>
internal readonly record struct Memory(double Proportional, double Resident)
{
    private const double KibibytesToMegabytes = 1024 / 1e6;

    public static Memory Greater(Memory a, Memory b) => new(Math.Max(a.Proportional, b.Proportional), Math.Max(a.Resident, b.Resident));

    public static Memory Of(int process)
    {
        var sum = default(Memory);
        try
        {
            foreach (string line in File.ReadLines($"/proc/{process}/smaps_rollup"))
            {
                if (line.StartsWith("Pss:", StringComparison.Ordinal)) sum = sum with { Proportional = sum.Proportional + Number(line) };
                if (line.StartsWith("Rss:", StringComparison.Ordinal)) sum = sum with { Resident = sum.Resident + Number(line) };
            }
            foreach (string thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
            {
                foreach (string child in File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    var its = Of(int.Parse(child, CultureInfo.InvariantCulture));
                    sum = new Memory(sum.Proportional + its.Proportional, sum.Resident + its.Resident);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
        }
        return sum;
    }

    private static double Number(string line) =>
        double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * KibibytesToMegabytes;
}
