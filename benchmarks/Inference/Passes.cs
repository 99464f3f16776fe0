using System.Diagnostics;
using System.Text.Json;

namespace Benchmarks.Inference;

/// <summary>The measurement of inference that all .NET sides share.</summary>
internal static class Passes
{
    private const int WarmUp = 3;

    /// <summary>Computes a batch repeatedly for at least the given time, prints a JSON line, and continues for half of that time.</summary>
    /// <param name="batch">Images of a batch.</param>
    /// <param name="seconds">The minimum running time in seconds.</param>
    /// <param name="pass">Computes the batch and disposes the result.</param>
    /// <param name="check">Computes the batch and returns the mean magnitude of the logits.</param>
    public static void Measure(int batch, double seconds, Action pass, Func<double> check)
    {
        double mean = check();
        for (int i = 1; i < WarmUp; i++) pass();
        Console.WriteLine(JsonSerializer.Serialize(new { images_per_second = Speed(batch, seconds, pass), check = mean }));
        // The parent process measures the memory now.
        Speed(batch, seconds / 2, pass);
    }

    private static double Speed(int batch, double seconds, Action pass)
    {
        long count = 0;
        var clock = Stopwatch.StartNew();
        for (; clock.Elapsed.TotalSeconds < seconds; count += batch) pass();
        return count / clock.Elapsed.TotalSeconds;
    }
}
