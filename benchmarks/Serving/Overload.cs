using ResNet.AspNetCore;

namespace Benchmarks.Serving;

/// <summary>Sends our service more requests than it can answer: it has to refuse the rest, and to keep its memory and its pace.</summary>
/// <param name="name">The name of the measurement.</param>
/// <param name="files">The network and the photographs.</param>
/// <param name="seconds">The time of the measurement before, of what the service can answer, in seconds.</param>
/// <param name="minutes">The time of the overload, in minutes.</param>
internal sealed class Overload(string name, ServiceFiles files, double seconds, double minutes)
{
    private const double Excess = 1.2;

    // If more of the requests are accepted, the service has become faster meanwhile, and this was no overload.
    private const double MostAccepted = 0.99;

    // More than the queue has places: the client must not wait for a connection.
    private const int MostConnections = 512;

    // Of a queue in which each picture waits for all before it.
    private const double LatencyFactor = 1.5;
    private const double LatencyAllowance = 1;
    private const double MemoryFactor = 1.1;
    private const double MemoryAllowance = 20;

    // When the memory is measured, in parts of the time.
    private static readonly double[] s_parts = [0.1, 0.5, 1];

    /// <param name="connections">The connections of the measurement before.</param>
    public IReadOnlyList<Row> Run(int connections)
    {
        using var service = files.StartOurs();
        double capacity = Capacity(service, connections), sent = capacity * Excess;
        Console.WriteLine($"{name}: {capacity:N1} requests per second are answered; {sent:N1} are sent for {minutes} min");
        using var client = LoadProcess.Start(service.Url, files.Photographs, MostConnections, minutes * 60, sent);
        double[] memory = [.. s_parts.Select(part => MemoryAfter(part, client, service))];
        var load = client.Read();

        double longest = (LatencyFactor * new ResNetClassifierOptions().QueueLength / capacity) + LatencyAllowance;
        double most = (MemoryFactor * memory[0]) + MemoryAllowance;
        Console.WriteLine(
            $"{name}: {load.AcceptedPerSecond:N1} accepted and {load.RefusedPerSecond:N1} refused (429) per second, no other answer; "
            + $"accepted after {load.Median:0.00} s in the median, 99 % within {load.Percentile99:0.00} s, "
            + $"all within {load.Longest:0.00} s (limit {longest:0.00} s); resident {memory[0]:N0} MB after a tenth of the time, "
            + $"{memory[1]:N0} MB after half of it, {memory[2]:N0} MB at the end (limit {most:N0} MB)");
        return
        [
            Row.Of($"{name}: accepted", "without overload", Row.Requests, load.AcceptedPerSecond, capacity),
            Row.Of($"{name}: accepted of those sent", Row.Limit, Row.Requests, load.AcceptedPerSecond, MostAccepted * sent),
            Row.Of($"{name}: longest time of an accepted one", Row.Limit, Row.Time, load.Longest, longest),
            Row.Of($"{name}: memory at the end", Row.Limit, Row.Memory, memory[2], most),
        ];
    }

    private double Capacity(ServiceProcess service, int connections)
    {
        using var client = LoadProcess.Start(service.Url, files.Photographs, connections, seconds);
        double capacity = client.Read().AcceptedPerSecond;
        client.WaitForExit(Timeout.InfiniteTimeSpan);
        return capacity;
    }

    private double MemoryAfter(double part, LoadProcess client, ServiceProcess service)
    {
        var left = TimeSpan.FromSeconds(LoadClient.WarmUp + (minutes * 60 * part)) - client.Elapsed;
        // Ends the wait when the client fails.
        client.WaitForExit(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        return service.Memory.Resident;
    }
}
