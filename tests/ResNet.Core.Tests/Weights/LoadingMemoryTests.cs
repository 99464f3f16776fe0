using System.Globalization;
using System.Runtime.InteropServices;
using ResNet.Core.Weights;
using ResNet.Core.Weights.Formats;
using ResNet.Testing;
using Xunit.Abstractions;

namespace ResNet.Core.Tests.Weights;

public sealed class LoadingMemoryTests(ITestOutputHelper output) : IDisposable
{
    private readonly WeightsFolder _folder = new();

    private string FilePath => _folder.FilePath;

    public void Dispose() => _folder.Dispose();

    // Linux reports the peak memory of a process since a reset; other systems have no such number.
    [Theory]
    [InlineData(WeightsFormat.Safetensors)]
    [InlineData(WeightsFormat.PyTorch)]
    [InlineData(WeightsFormat.TorchSharp)]
    public void Loading_ResNet_152_takes_less_than_1_3_times_its_size(WeightsFormat format)
    {
        if (!OperatingSystem.IsLinux()) return;
        using (var saved = ResNets.ResNet152()) saved.SaveWeights(FilePath, format: format);
        double size = new FileInfo(FilePath).Length;

        double tensors = Peak(() => WeightsFile.Load(FilePath).Dispose()) / size;
        using var network = ResNets.ResNet152();
        double network152 = Peak(() => network.LoadWeights(FilePath)) / size;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{format}: {size / 1e6:0} MB; as tensors {tensors:0.000} of it, into a network {network152:0.000}"));
        tensors.Should().BeLessThan(1.3);
        // The network exists before: loading adds one tensor and the window.
        network152.Should().BeLessThan(0.3);
    }

    private static long Peak(Action action)
    {
        // Freed memory that glibc keeps would be reused and not be counted.
        LiveTensors.Count();
        _ = malloc_trim(0);
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Status("VmRSS");
        action();
        return Status("VmHWM") - before;
    }

    [DllImport("libc")]
    private static extern int malloc_trim(nuint pad);

    private static long Status(string name)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
