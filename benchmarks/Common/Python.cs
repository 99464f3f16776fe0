using System.Diagnostics;

namespace Benchmarks;

/// <summary>The Python interpreter with the library to compare with.</summary>
internal static class Python
{
    private const string Variable = "PARITY_PYTHON";

    public static string Path { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? path : "/usr/bin/python3";

    /// <summary>Throws if torchvision is not installed.</summary>
    /// <exception cref="InvalidOperationException">torchvision is not installed.</exception>
    public static void Require()
    {
        using var question = Process.Start(new ProcessStartInfo(Path, ["-c", "import torchvision"]) { RedirectStandardError = true });
        question?.WaitForExit();
        if (question?.ExitCode != 0)
            throw new InvalidOperationException(
                $"{Path} has no torchvision to compare with: install python3-torchvision, or name another Python with {Variable}.");
    }

    /// <summary>Returns the libraries to compare with.</summary>
    public static string Versions()
    {
        const string question = "import sys, torch, torchvision; "
            + "print(f'Python {sys.version.split()[0]}, PyTorch {torch.__version__}, torchvision {torchvision.__version__}')";
        using var process = Process.Start(
            new ProcessStartInfo(Path, ["-c", question]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return process.StandardOutput.ReadToEnd().Trim();
    }

    /// <summary>Runs a script and waits for its end.</summary>
    /// <exception cref="InvalidOperationException">The script failed; its messages are on standard error.</exception>
    public static void Run(string script, params string[] arguments)
    {
        using var process = Process.Start(Path, [script, .. arguments]);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{script} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
