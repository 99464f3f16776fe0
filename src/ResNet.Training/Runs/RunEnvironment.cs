using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Runs;

/// <summary>The environment of a run.</summary>
public static class RunEnvironment
{
    /// <summary>Returns operating system, processor, threads, device and the versions of the libraries, as names and values.</summary>
    /// <param name="device">The network's device.</param>
    public static IReadOnlyList<(string Name, string Value)> Describe(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return
        [
            ("Operating system", $"{RuntimeInformation.OSDescription} ({RuntimeInformation.OSArchitecture})"),
            ("Processor", $"{Processor()}, {Environment.ProcessorCount} logical processors"),
            ("Threads of libtorch", get_num_threads().ToString(CultureInfo.InvariantCulture)),
            ("Device", device.type == DeviceType.CPU ? "CPU" : device.ToString()),
            (".NET", RuntimeInformation.FrameworkDescription),
            ("libtorch", __version__),
            ("TorchSharp", typeof(Tensor).Assembly.GetName() is var name ? $"{name.Name} {name.Version?.ToString(3)}" : ""),
            ("ResNet for .NET", Version()),
        ];
    }

    private static string Processor()
    {
        const string linux = "/proc/cpuinfo";
        string? name = OperatingSystem.IsLinux() && File.Exists(linux)
            ? File.ReadLines(linux).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return string.IsNullOrEmpty(name) ? RuntimeInformation.ProcessArchitecture.ToString() : name;
    }

    // The part after the plus sign is the commit.
    private static string Version() =>
        typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
