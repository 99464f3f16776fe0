using System.Diagnostics;

namespace Benchmarks.Serving;

/// <summary>A <see cref="LoadClient"/> in a process of its own, which ends at the latest when this object is disposed.</summary>
internal sealed class LoadProcess : IDisposable
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Process _process;

    private LoadProcess(string[] arguments) => _process =
        Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true })!;

    /// <summary>The time since the start of the process.</summary>
    public TimeSpan Elapsed => _clock.Elapsed;

    /// <inheritdoc cref="LoadClient.MeasureAsync"/>
    public static LoadProcess Start(Uri url, string folder, int connections, double seconds, double? rate = null) => new(
    [
        "measure", "serve-load", $"{url}", folder, $"{connections}", $"{seconds}", .. rate is null ? Array.Empty<string>() : [$"{rate}"],
    ]);

    /// <summary>Waits for the line that the client prints.</summary>
    /// <exception cref="InvalidOperationException">The client failed; its message is on standard error.</exception>
    public Load Read()
    {
        if (_process.StandardOutput.ReadLine() is { } line) return Load.Parse(line);
        _process.WaitForExit();
        throw Failed();
    }

    /// <summary>Waits for the end of the client; false if it is still at work after the given time.</summary>
    /// <exception cref="InvalidOperationException">The client failed; its message is on standard error.</exception>
    public bool WaitForExit(TimeSpan time)
    {
        if (!_process.WaitForExit(time)) return false;
        return _process.ExitCode == 0 ? true : throw Failed();
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private InvalidOperationException Failed() => new($"The client of the service ended with {_process.ExitCode}.");
}
