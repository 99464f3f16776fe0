namespace Benchmarks.Scaling;

/// <summary>
/// A model of a step of several processes: all compute, and sum the gradients in parts as soon as the pass backward has them, one part
/// after the other.
/// </summary>
internal sealed record StepModel
{
    // Of the trainer, in bytes.
    private const double LengthOfPart = 4 << 20;

    /// <summary>Seconds of the pass forward, and of all else that does not overlap with sums.</summary>
    public required double Forward { get; init; }

    /// <summary>Seconds of the pass backward.</summary>
    public required double Backward { get; init; }

    /// <summary>The bytes of the gradients.</summary>
    public required double Bytes { get; init; }

    /// <summary>The network between hosts.</summary>
    public required Network Network { get; init; }

    /// <summary>The processes of a host, which sum among themselves in no time.</summary>
    public int ProcessesOfHost { get; init; } = 1;

    /// <summary>
    /// The standard deviation of a process's step, as a part of its time. Fitted, it stands for all that makes steps of several processes
    /// slower and that the model does not know.
    /// </summary>
    public double Straggling { get; init; }

    /// <summary>The seconds of a step.</summary>
    public double Step(int processes)
    {
        int hosts = Math.Max(1, processes / ProcessesOfHost), parts = (int)Math.Ceiling(Bytes / LengthOfPart);
        // The longest of so many normally distributed times, to the first order.
        double slowest = 1 + (processes > 1 ? Straggling * Math.Sqrt(2 * Math.Log(processes)) : 0);
        double forward = Forward * slowest, backward = Backward * slowest, end = 0;
        for (int part = 1; part <= parts; part++)
            end = Math.Max(end, forward + (backward * part / parts)) + Network.Sum(hosts, Bytes / parts);
        return Math.Max(end, forward + backward);
    }

    /// <summary>Returns the model whose straggling gives a measured efficiency.</summary>
    public StepModel Fitted(double efficiency, int processes, int among = 1)
    {
        var (low, high) = (0.0, 1.0);
        for (int i = 0; i < 50; i++)
        {
            double middle = (low + high) / 2;
            if ((this with { Straggling = middle }).Efficiency(processes, among) > efficiency) low = middle;
            else high = middle;
        }
        return this with { Straggling = low };
    }

    /// <summary>The speed of a process beside its speed among fewer.</summary>
    public double Efficiency(int processes, int among = 1) => Step(among) / Step(processes);
}
