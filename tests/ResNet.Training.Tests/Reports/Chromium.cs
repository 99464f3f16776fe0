using System.Diagnostics;

namespace ResNet.Training.Tests.Reports;

/// <summary>A headless browser that loads pages like a reader's browser.</summary>
internal static class Chromium
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private static readonly string? s_path =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Prepend("/usr/bin")
            .SelectMany(folder =>
                new[] { "chromium", "chromium-browser", "google-chrome", "chromium.exe" }.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);

    /// <summary>The reason why pages cannot be loaded; null if they can.</summary>
    internal static string? Missing => s_path is null
        ? "There is no chromium at /usr/bin/chromium or on PATH; Debian's package is called chromium."
        : null;

    /// <summary>Loads a page and runs its scripts.</summary>
    /// <param name="page">The page's file.</param>
    /// <param name="folder">The folder for the browser's own files.</param>
    /// <returns>
    /// The page after its scripts, and the lines of its console, which include errors of scripts and violations of the page's policy.
    /// </returns>
    internal static (string Page, string[] Console) Load(string page, string folder)
    {
        var start = new ProcessStartInfo(s_path!) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            // The sandbox does not work for root, nor in most containers.
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
            $"--user-data-dir={Path.Combine(folder, "profile")}",
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=5000",
            "--dump-dom",
            new Uri(page).AbsoluteUri,
        ];
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var dom = process.StandardOutput.ReadToEndAsync();
        var log = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(s_limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"chromium took longer than {s_limit.TotalMinutes} minutes for {page}.");
        }
        return (
            dom.GetAwaiter().GetResult(),
            [.. log.GetAwaiter().GetResult().Split('\n').Where(line => line.Contains(":CONSOLE", StringComparison.Ordinal))]);
    }
}
