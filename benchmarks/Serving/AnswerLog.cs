namespace Benchmarks.Serving;

/// <summary>Counts the answers of a time and how long they took.</summary>
/// <param name="from">The beginning, in seconds.</param>
/// <param name="to">The end, in seconds.</param>
internal sealed class AnswerLog(double from, double to)
{
    private readonly Lock _lock = new();
    private readonly List<double> _latencies = [];
    private long _refused;

    /// <param name="accepted">Whether the picture was classified.</param>
    /// <param name="moment">The time that says whether the answer counts, in seconds.</param>
    /// <param name="latency">From the sending to the complete answer, in seconds.</param>
    public void Add(bool accepted, double moment, double latency)
    {
        if (moment < from || moment >= to) return;
        lock (_lock)
        {
            if (accepted) _latencies.Add(latency);
            else _refused++;
        }
    }

    public Load ToLoad()
    {
        lock (_lock)
        {
            double[] sorted = [.. _latencies.Order()];
            if (sorted.Length == 0) throw new InvalidOperationException("No picture was classified.");
            return new Load(
                sorted.Length / (to - from), _refused / (to - from), At(sorted, 0.5), At(sorted, 0.99), sorted[^1]);
        }
    }

    private static double At(double[] sorted, double part) => sorted[(int)Math.Ceiling(part * sorted.Length) - 1];
}
