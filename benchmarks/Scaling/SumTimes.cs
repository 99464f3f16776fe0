using System.Diagnostics;
using System.Text.Json;
using ResNet.Training.Distributed;
using static TorchSharp.torch;

namespace Benchmarks.Scaling;

/// <summary>The times of sums of several lengths over the processes of an <c>mpirun</c>.</summary>
internal static class SumTimes
{
    // The trainer's parts are within these.
    private const int FewestBytes = 1 << 10, MostBytes = 1 << 24, Times = 15;

    /// <summary>Prints a JSON line for each length, with the median of several times.</summary>
    public static void Measure()
    {
        using var world = MpiCommunicator.World;
        for (int bytes = FewestBytes; bytes <= MostBytes; bytes *= 4)
        {
            using var numbers = ones(bytes / sizeof(float));
            var seconds = new List<double>();
            for (int i = 0; i < Times; i++)
            {
                world.Barrier();
                long begin = Stopwatch.GetTimestamp();
                world.Sum(numbers);
                seconds.Add(Stopwatch.GetElapsedTime(begin).TotalSeconds);
                numbers.fill_(1);
            }
            if (world.Rank == 0) Console.WriteLine(JsonSerializer.Serialize(new { bytes, seconds = Spread.Of(seconds).Median }));
        }
    }

    /// <summary>Reads the lines.</summary>
    public static List<(double Bytes, double Seconds)> Read(IEnumerable<string> lines) =>
    [
        .. lines.Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            return (json.RootElement.GetProperty("bytes").GetDouble(), json.RootElement.GetProperty("seconds").GetDouble());
        }),
    ];
}
