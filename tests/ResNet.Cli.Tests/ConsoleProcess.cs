using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using ResNet.Cli.Tests.Runs;

namespace ResNet.Cli.Tests;

/// <summary>
/// A program in a process of its own, with one thread, so that results do not depend on the load of the machine.
/// </summary>
internal sealed class ConsoleProcess : IDisposable
{
    internal const int Interrupt = 2;
    internal const int Terminate = 15;

    private const int KillSignal = 9;

    // Far more time than any run takes: a longer run hangs.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private static readonly Dictionary<string, string> s_mpiAsRoot =
        new() { ["OMPI_ALLOW_RUN_AS_ROOT"] = "1", ["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1" };

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _standardOutput = new();

    private ConsoleProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(line.Data, isStandardOutput: true);
        process.ErrorDataReceived += (_, line) => Append(line.Data, isStandardOutput: false);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Its output so far, including error output.</summary>
    internal string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Its standard output alone, as another program receives it.</summary>
    internal string StandardOutput
    {
        get
        {
            lock (_output) return _standardOutput.ToString();
        }
    }

    internal bool HasEnded => _process.HasExited;

    internal static ConsoleProcess Start(params IEnumerable<string> arguments) => StartSample("resnet", arguments);

    internal static ConsoleProcess StartSample(string sample, params IEnumerable<string> arguments) =>
        StartIn(Environment.CurrentDirectory, new Dictionary<string, string>(), sample, arguments);

    /// <summary>Starts some processes of the command <c>resnet</c> by <c>mpirun</c>.</summary>
    internal static ConsoleProcess StartTogether(int processes, params IEnumerable<string> arguments) =>
        StartTogetherIn(Environment.CurrentDirectory, processes, launcher: [], arguments);

    /// <summary>Starts some processes in a folder, each by a program that is given the command.</summary>
    internal static ConsoleProcess StartTogetherIn(string folder, int processes, string[] launcher, IEnumerable<string> arguments)
    {
        string[] mpirun =
        [
            "mpirun", "--oversubscribe", "--bind-to", "none", "--mca", "odls_base_sigkill_timeout", "4", "-n", $"{processes}",
            .. launcher,
        ];
        return StartIn(folder, s_mpiAsRoot, mpirun, "resnet", arguments);
    }

    /// <summary>Starts a process of the command <c>resnet</c> on each host.</summary>
    internal static ConsoleProcess StartOn(NetworkHosts hosts, params IEnumerable<string> arguments) =>
        StartIn(Environment.CurrentDirectory, s_mpiAsRoot, hosts.Launcher, "resnet", arguments);

    /// <summary>Starts a program in a folder, with additional environment variables.</summary>
    internal static ConsoleProcess StartIn(
        string folder, IReadOnlyDictionary<string, string> variables, string sample, params IEnumerable<string> arguments) =>
        StartIn(folder, variables, launcher: [], sample, arguments);

    private static ConsoleProcess StartIn(
        string folder, IReadOnlyDictionary<string, string> variables, string[] launcher, string sample, IEnumerable<string> arguments)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        IEnumerable<string> command = [.. launcher, host, Path.Combine(AppContext.BaseDirectory, sample + ".dll"), .. arguments];
        if (IgnoresInterrupt()) command = ["env", "--default-signal=INT", .. command];
        var start = new ProcessStartInfo(command.First(), command.Skip(1))
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["OMP_NUM_THREADS"] = "1" },
        };
        foreach (var (name, value) in variables) start.Environment[name] = value;
        return new ConsoleProcess(Process.Start(start)!);
    }

    // A process that a shell starts in the background ignores Ctrl-C, and so do its child processes.
    private static bool IgnoresInterrupt() =>
        OperatingSystem.IsLinux()
        && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } line
        && (Convert.ToUInt64(line[7..].Trim(), 16) & (1UL << (Interrupt - 1))) != 0;

    /// <summary>Kills the process, as a power cut would. Returns false if it had already ended.</summary>
    internal bool Kill()
    {
        if (_process.HasExited) return false;
        _process.Kill();
        _process.WaitForExit();
        return _process.ExitCode != 0;
    }

    /// <summary>Kills one of the processes that it started.</summary>
    internal void KillChild(int number) => TryKillChild(number).Should().BeTrue("it should have a child");

    /// <summary>Kills one of the processes that it has started, if it is there already, or still.</summary>
    internal bool TryKillChild(int number)
    {
        int[] children =
        [
            .. Directory.GetDirectories("/proc").Select(path => Path.GetFileName(path))
                .Where(name => int.TryParse(name, out _) && IsChild(name)).Select(int.Parse).Order(),
        ];
        return number < children.Length && kill(children[number], KillSignal) == 0;

        bool IsChild(string process)
        {
            try
            {
                // After the name in brackets: state and parent.
                string stat = File.ReadAllText($"/proc/{process}/stat");
                return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == $"{_process.Id}";
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    internal void Signal(int signal) => kill(_process.Id, signal).Should().Be(0);

    /// <summary>Returns its resident memory in 10⁶ bytes.</summary>
    internal double ResidentMegabytes()
    {
        _process.Refresh();
        return _process.HasExited ? 0 : _process.WorkingSet64 / 1e6;
    }

    /// <summary>Returns whether it ends within a time.</summary>
    internal bool Ends(TimeSpan time) => _process.WaitForExit(time);

    /// <summary>Waits for its end and returns its exit code.</summary>
    internal int ExitCode()
    {
        if (!_process.WaitForExit(s_patience))
        {
            _process.Kill();
            Assert.Fail($"The process did not end within {s_patience}. It wrote:\n{Output}");
        }
        // Waits for the rest of its output, too.
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Waits until a condition holds; fails if the process ends before.</summary>
    internal void WaitUntil(Func<bool> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!isSo())
        {
            if (HasEnded || clock.Elapsed > s_patience) Assert.Fail($"The process did not come so far. It wrote:\n{Output}");
            Thread.Sleep(1);
        }
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private void Append(string? line, bool isStandardOutput)
    {
        // The last line is null.
        if (line is null) return;
        lock (_output)
        {
            _output.AppendLine(line);
            if (isStandardOutput) _standardOutput.AppendLine(line);
        }
    }

    [DllImport("libc")]
    private static extern int kill(int process, int signal);
}
