namespace Benchmarks.Scaling;

/// <summary>What it takes to send bytes from one host to another.</summary>
/// <param name="Latency">Seconds for a message, whatever its length: α.</param>
/// <param name="BytesPerSecond">1/β.</param>
internal sealed record Network(double Latency, double BytesPerSecond)
{
    /// <summary>Of so many gigabits a second.</summary>
    public static Network Of(double gigabits, double latency) => new(latency, gigabits * 1e9 / 8);

    /// <summary>
    /// The seconds in which hosts sum bytes: the shorter time of a ring and of recursive halving and doubling (Thakur, Rabenseifner and
    /// Gropp 2005, https://doi.org/10.1177/1094342005051521).
    /// </summary>
    public double Sum(int hosts, double bytes)
    {
        if (hosts == 1) return 0;
        double traffic = 2 * (hosts - 1.0) / hosts * bytes / BytesPerSecond;
        double ring = (2 * (hosts - 1.0) * Latency) + traffic;
        double tree = (2 * Math.Ceiling(Math.Log2(hosts)) * Latency) + traffic;
        return Math.Min(ring, tree);
    }

    /// <summary>Fits both numbers to the times of sums of two hosts, each time with the same relative weight.</summary>
    public static Network Fit(IReadOnlyList<(double Bytes, double Seconds)> sums)
    {
        // Of two hosts: seconds = 2 α + bytes β.
        double ones = 0, bytes = 0, squares = 0, right = 0, product = 0;
        foreach (var (length, seconds) in sums)
        {
            double weight = 1 / (seconds * seconds);
            ones += weight;
            bytes += weight * length;
            squares += weight * length * length;
            right += weight * seconds;
            product += weight * seconds * length;
        }
        double determinant = (ones * squares) - (bytes * bytes);
        double constant = ((right * squares) - (product * bytes)) / determinant, slope = ((ones * product) - (bytes * right)) / determinant;
        return new Network(Math.Max(constant, 0) / 2, 1 / slope);
    }
}
