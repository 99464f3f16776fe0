using System.Diagnostics;

namespace Benchmarks;

/// <summary>The Python that has the library to compare with.</summary>
internal static class Python
{
    private const string Variable = "PARITY_PYTHON";

    public static string Path { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? path : "/usr/bin/python3";

    /// <summary>Refuses to go on without torchvision.</summary>
    /// <exception cref="InvalidOperationException">It is not there.</exception>
    public static void Require()
    {
        using var question = Process.Start(new ProcessStartInfo(Path, ["-c", "import torchvision"]) { RedirectStandardError = true });
        question?.WaitForExit();
        if (question?.ExitCode != 0)
            throw new InvalidOperationException(
                $"{Path} has no torchvision to compare with: install python3-torchvision, or name another Python with {Variable}.");
    }

    /// <summary>What is compared with.</summary>
    public static string Versions()
    {
        const string question = "import sys, torch, torchvision; "
            + "print(f'Python {sys.version.split()[0]}, PyTorch {torch.__version__}, torchvision {torchvision.__version__}')";
        using var process = Process.Start(
            new ProcessStartInfo(Path, ["-c", question]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return process.StandardOutput.ReadToEnd().Trim();
    }

    /// <summary>Runs a script to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed; what it said is on the error output.</exception>
    public static void Run(string script, params string[] arguments)
    {
        using var process = Process.Start(Path, [script, .. arguments]);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{script} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
