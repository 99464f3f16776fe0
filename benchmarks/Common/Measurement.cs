using System.Diagnostics;
using System.Text.Json;

namespace Benchmarks;

/// <summary>The measurements of one side in one round.</summary>
/// <param name="ImagesPerSecond">Speed after warming up.</param>
/// <param name="SecondsToAnswer">Time from the start of the process to the line that it prints.</param>
/// <param name="Memory">The peak memory of the process and its workers while it continues after that line.</param>
/// <param name="Check">The value on which all sides have to agree: the mean of all values, the loss or a probability.</param>
internal sealed record Measurement(double ImagesPerSecond, double SecondsToAnswer, Memory Memory, double Check)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(150);

    /// <summary>The time within which a service gives 99 % of its answers, in seconds; 0 for all other sides.</summary>
    public double Percentile99 { get; init; }

    /// <summary>
    /// Runs a program that prints a JSON line and continues to work. Memory is measured only after that line, so this costs no time.
    /// </summary>
    public static Measurement Of(string program, params string[] arguments) => Of(program, arguments, environment: []);

    /// <summary>Runs the program with additional environment variables.</summary>
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
