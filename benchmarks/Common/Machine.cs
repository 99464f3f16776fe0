using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.OnnxRuntime;

namespace Benchmarks;

/// <summary>The machine that the numbers were measured on.</summary>
internal sealed record Machine(
    string Processor, int Processors, string Vectors, double MemoryGigabytes, string System, string DotNet, string Packages, string Python)
{
    private const string Unknown = "unknown";
    private const double KibibytesToGigabytes = 1024 / 1e9;

    public static Machine This { get; } = new(
        Field("/proc/cpuinfo", "model name") ?? Unknown,
        Environment.ProcessorCount,
        Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : Unknown,
        Math.Round(
            double.Parse((Field("/proc/meminfo", "MemTotal") ?? "0").Split(' ')[0], CultureInfo.InvariantCulture) * KibibytesToGigabytes),
        Field("/etc/os-release", "PRETTY_NAME", '=')?.Trim('"') ?? RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        $"TorchSharp {Version(typeof(TorchSharp.torch))}, ONNX Runtime {Version(typeof(InferenceSession))}",
        Benchmarks.Python.Versions());

    private static string Version(Type type) => type.Assembly.GetName().Version!.ToString(fieldCount: 3);

    private static string? Field(string file, string name, char separator = ':') => !File.Exists(file)
        ? null
        : File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(separator, 2)[1].Trim();
}
