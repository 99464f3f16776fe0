using System.Diagnostics;
using System.Text.Json;

namespace DataLoading;

/// <summary>What one side did in one round.</summary>
/// <param name="ImagesPerSecond">After warming up.</param>
/// <param name="Memory">The most memory of the process with its workers, while it goes on loading after that.</param>
/// <param name="Mean">The mean of all values of the first pass.</param>
internal sealed record Measurement(double ImagesPerSecond, Memory Memory, double Mean)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(150);

    /// <summary>Runs a program that prints a JSON line and goes on loading, and looks at its memory from then on, so that this costs it no time.</summary>
    public static Measurement Of(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        string? line = process.StandardOutput.ReadLine();
        var peak = default(Memory);
        do peak = Memory.Greater(peak, Memory.Of(process.Id)); while (!process.WaitForExit(s_interval));
        if (process.ExitCode != 0 || line is null) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        using var json = JsonDocument.Parse(line);
        return new Measurement(json.RootElement.GetProperty("images_per_second").GetDouble(), peak, json.RootElement.GetProperty("mean").GetDouble());
    }
}
