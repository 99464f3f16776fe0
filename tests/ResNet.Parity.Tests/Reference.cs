using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace ResNet.Parity.Tests;

/// <summary>PyTorch and torchvision under Python, which run the scripts beside this file.</summary>
internal static class Reference
{
    private const string InterpreterVariable = "PARITY_PYTHON";
    private const string DefaultInterpreter = "/usr/bin/python3";

    // weights_only came with PyTorch 1.13, get_model with torchvision 0.14.
    private const string Question = "import torch, torchvision; torchvision.models.get_model";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);
    private static readonly string s_interpreter =
        Environment.GetEnvironmentVariable(InterpreterVariable) is { Length: > 0 } path ? path : DefaultInterpreter;

    private static readonly Lazy<string?> s_missing = new(() =>
    {
        try
        {
            if (Start(s_limit, "-c", Question).ExitCode == 0) return null;
        }
        catch (Exception e) when (e is Win32Exception or TimeoutException)
        {
            // The program is missing or does not answer.
        }
        return $"{s_interpreter} has no torch 1.13 and torchvision 0.14 or later; {InterpreterVariable} can name a Python that has.";
    });

    /// <summary>The reason why there is no reference; null if there is one.</summary>
    internal static string? Missing => s_missing.Value;

    /// <summary>Runs a command of <c>reference.py</c>; if it fails, the test fails with its output.</summary>
    internal static void Run(params string[] arguments) => RunScript("reference.py", arguments);

    /// <summary>Runs a command of a script; if it fails, the test fails with its output.</summary>
    internal static void RunScript(string script, params string[] arguments) => RunScript(s_limit, script, arguments);

    /// <summary>Runs a command of a script with a time limit.</summary>
    internal static void RunScript(TimeSpan limit, string script, params string[] arguments)
    {
        var (exitCode, errors) = Start(limit, [Path.Combine(AppContext.BaseDirectory, script), .. arguments]);
        if (exitCode != 0) Assert.Fail($"{script} {string.Join(' ', arguments)} ended with {exitCode}:\n{errors}");
    }

    private static (int ExitCode, string Errors) Start(TimeSpan limit, params string[] arguments)
    {
        var start = new ProcessStartInfo(s_interpreter) { RedirectStandardError = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["OMP_NUM_THREADS"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{s_interpreter} {string.Join(' ', arguments)} took longer than {limit.TotalMinutes} minutes.");
        }
        return (process.ExitCode, errors.GetAwaiter().GetResult());
    }
}
