using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using ResNet.Testing;

namespace ResNet.Cli.Tests.Runs;

/// <summary>Network namespaces that take the place of hosts: each has a name and an address, and all are on one bridge.</summary>
internal sealed class NetworkHosts : IDisposable
{
    private const string Bridge = "resnet0", Network = "10.77.0";
    private const int FirstAddress = 11;

    private const int Most = 4;

    private static readonly Lazy<bool> s_canBeMade = new(() =>
    {
        try
        {
            using var trial = new NetworkHosts(1);
            return true;
        }
        catch (Exception e) when (e is Xunit.Sdk.XunitException or Win32Exception)
        {
            return false;
        }
    });

    private readonly int _count;
    private readonly TemporaryFolder _folder = new();

    /// <summary>Makes hosts, numbered from 0.</summary>
    internal NetworkHosts(int count)
    {
        _count = count;
        Remove();
        try
        {
            Make(count);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private void Make(int count)
    {
        Ip("link", "add", Bridge, "type", "bridge");
        Ip("link", "set", Bridge, "up");
        for (int host = 0; host < count; host++)
        {
            Ip("netns", "add", Name(host));
            Ip("link", "add", Cable(host), "type", "veth", "peer", "name", "eth0", "netns", Name(host));
            Ip("link", "set", Cable(host), "master", Bridge, "up");
            Ip("-n", Name(host), "addr", "add", $"{Address(host)}/24", "dev", "eth0");
            Ip("-n", Name(host), "link", "set", "eth0", "up");
            Ip("-n", Name(host), "link", "set", "lo", "up");
        }
        // In place of ssh: the address, and a command for its shell.
        File.WriteAllText(Agent, $"#!/bin/sh\nhost={Name(0)[..^1]}$((${{1##*.}} - {FirstAddress})); shift\n"
            + "exec ip netns exec $host unshare --uts sh -c \"hostname $host; $*\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Agent, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>Whether this user may make network namespaces.</summary>
    internal static bool CanBeMade => s_canBeMade.Value;

    /// <summary>The arguments that start a process on each host; the command follows.</summary>
    internal string[] Launcher =>
    [
        "ip", "netns", "exec", Name(0), "unshare", "--uts", "sh", "-c", $"hostname {Name(0)}; exec \"$0\" \"$@\"",
        "mpirun", "--bind-to", "none", "--mca", "plm_rsh_agent", Agent, "--mca", "btl", "tcp,self",
        "--host", string.Join(',', Enumerable.Range(0, _count).Select(Address)), "-n", $"{_count}",
    ];

    private string Agent => _folder.File("agent");

    /// <summary>Cuts a host off from the others.</summary>
    internal static void CutOff(int host) => Ip("link", "set", Cable(host), "down");

    /// <summary>Connects a host again, and waits until the first one reaches it.</summary>
    internal static void Connect(int host)
    {
        Ip("link", "set", Cable(host), "up");
        SpinWait.SpinUntil(IsReached, TimeSpan.FromSeconds(30)).Should().BeTrue();

        bool IsReached()
        {
            // Nobody listens there, and only a host that is reached says so.
            using var attempt = Start("netns", "exec", Name(0), "timeout", "2", "bash", "-c", $"exec 3<>/dev/tcp/{Address(host)}/9");
            return attempt.StandardError.ReadToEnd().Contains("refused", StringComparison.Ordinal);
        }
    }

    /// <summary>The number of programs of .NET that run on a host.</summary>
    internal static int Programs(int host) => Processes(host).Count(process => NameOf(process) == "dotnet");

    public void Dispose()
    {
        Remove();
        _folder.Dispose();
    }

    private static string Name(int host) => string.Create(CultureInfo.InvariantCulture, $"resnet-host{host}");

    private static string Cable(int host) => string.Create(CultureInfo.InvariantCulture, $"resnet0-{host}");

    private static string Address(int host) => string.Create(CultureInfo.InvariantCulture, $"{Network}.{FirstAddress + host}");

    private static string NameOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm").Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static int[] Processes(int host)
    {
        using var ip = Start("netns", "pids", Name(host));
        return [.. ip.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
    }

    private static void Ip(params string[] arguments) => TryIp(arguments).Should().BeTrue("ip {0}", string.Join(' ', arguments));

    private static bool TryIp(params string[] arguments)
    {
        try
        {
            using var ip = Start(arguments);
            ip.WaitForExit();
            return ip.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("ip", arguments)
    {
        RedirectStandardOutput = true, RedirectStandardError = true,
    })!;

    // Also what a test that was killed has left.
    private static void Remove()
    {
        for (int host = 0; host < Most; host++)
        {
            foreach (int number in Processes(host))
            {
                try
                {
                    using var process = Process.GetProcessById(number);
                    process.Kill();
                    process.WaitForExit();
                }
                catch (ArgumentException)
                {
                    // It has ended.
                }
            }
            TryIp("netns", "del", Name(host));
            TryIp("link", "del", Cable(host));
        }
        TryIp("link", "del", Bridge);
    }
}
