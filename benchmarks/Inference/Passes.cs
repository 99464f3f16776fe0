using System.Diagnostics;
using System.Text.Json;

namespace Benchmarks.Inference;

/// <summary>The measurement of inference that all .NET sides share.</summary>
internal static class Passes
{
    // Code of .NET is compiled again in the first second, by a thread that takes time from those that compute.
    private const double WarmUp = 1.5;

    /// <summary>
    /// Computes a batch for a while to warm up, then repeatedly for at least the given time, prints a JSON line, and continues for half of
    /// that time.
    /// </summary>
    /// <param name="batch">Images of a batch.</param>
    /// <param name="seconds">The minimum running time in seconds.</param>
    /// <param name="pass">Computes the batch and disposes the result.</param>
    /// <param name="check">Computes the batch and returns the mean magnitude of the logits.</param>
    public static void Measure(int batch, double seconds, Action pass, Func<double> check) => Measure(batch, seconds, [pass], check);

    /// <summary>The same with several callers at the same time, each on a thread of its own.</summary>
    /// <param name="batch">Images of a batch.</param>
    /// <param name="seconds">The minimum running time in seconds.</param>
    /// <param name="passes">What each caller does: computes the batch and disposes the result.</param>
    /// <param name="check">Computes the batch and returns the mean magnitude of the logits.</param>
    public static void Measure(int batch, double seconds, IReadOnlyList<Action> passes, Func<double> check)
    {
        double mean = check();
        Speed(batch, WarmUp, passes);
        Console.WriteLine(JsonSerializer.Serialize(new { images_per_second = Speed(batch, seconds, passes), check = mean }));
        // The parent process measures the memory now.
        Speed(batch, seconds / 2, passes);
    }

    private static double Speed(int batch, double seconds, IReadOnlyList<Action> passes)
    {
        double[] speeds = new double[passes.Count];
        Thread[] others = [.. Enumerable.Range(1, passes.Count - 1).Select(caller => new Thread(() => Call(caller)))];
        foreach (var thread in others) thread.Start();
        Call(0);
        foreach (var thread in others) thread.Join();
        return speeds.Sum();

        void Call(int caller)
        {
            long count = 0;
            var clock = Stopwatch.StartNew();
            for (; clock.Elapsed.TotalSeconds < seconds; count += batch) passes[caller]();
            speeds[caller] = count / clock.Elapsed.TotalSeconds;
        }
    }
}
