using System.Diagnostics;
using System.Text.Json;

namespace Benchmarks;

/// <summary>What one side did in one round.</summary>
/// <param name="ImagesPerSecond">After warming up.</param>
/// <param name="SecondsToAnswer">From the start of the process to its line.</param>
/// <param name="Memory">The most memory of the process with its workers, while it goes on after that.</param>
/// <param name="Check">What all sides have to come to: the mean of all values, the loss or a probability.</param>
internal sealed record Measurement(double ImagesPerSecond, double SecondsToAnswer, Memory Memory, double Check)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(150);

    /// <summary>
    /// Runs a program that prints a JSON line and goes on working; its memory is looked at from then on, so that this costs it no time.
    /// </summary>
    public static Measurement Of(string program, params string[] arguments) => Of(program, arguments, environment: []);

    /// <summary>The same with some variables in its environment.</summary>
    public static Measurement Of(string program, string[] arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        string? line = process.StandardOutput.ReadLine();
        double seconds = clock.Elapsed.TotalSeconds;
        var peak = default(Memory);
        do peak = Memory.Greater(peak, Memory.Of(process.Id)); while (!process.WaitForExit(s_interval));
        if (process.ExitCode != 0 || line is null)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        using var json = JsonDocument.Parse(line);
        var (speed, check) = (json.RootElement.GetProperty("images_per_second"), json.RootElement.GetProperty("check"));
        return new Measurement(speed.GetDouble(), seconds, peak, check.GetDouble());
    }
}
