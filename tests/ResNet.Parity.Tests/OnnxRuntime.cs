using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ResNet.Core;
using ResNet.Core.Export;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>ONNX Runtime under Node, which <c>./build.sh test</c> puts into artifacts/node where there is Node.</summary>
internal static class OnnxRuntime
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);
    private static readonly string s_package = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../node/node_modules/onnxruntime-node"));

    /// <summary>Why there is nothing to compare with; null where there is.</summary>
    internal static string? Missing => Directory.Exists(s_package) ? null : "There is no ONNX Runtime for Node in artifacts/node, where ./build.sh test installs it if there is Node.";

    /// <summary>Exports a network and runs the file.</summary>
    /// <param name="network">The network.</param>
    /// <param name="input">Images <c>[N, C, H, W]</c>, or pixels <c>[N, H, W, C]</c>.</param>
    /// <param name="options">How it is exported.</param>
    /// <returns>The name of the output, and the output, which is the caller's.</returns>
    internal static (string Name, Tensor Output) Run(ResNetModel network, Tensor input, OnnxExportOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("onnx").FullName;
        try
        {
            string model = Path.Combine(folder, "network.onnx"), images = Path.Combine(folder, "images"), result = Path.Combine(folder, "result");
            OnnxExporter.Export(network, model, options);
            using (var contiguous = input.contiguous()) File.WriteAllBytes(images, contiguous.bytes.ToArray());
            bool pixels = options.TakesPixels;
            using var answer = JsonDocument.Parse(Node(
                Path.Combine(AppContext.BaseDirectory, "onnx.js"), s_package, model, pixels ? "pixels" : "images", pixels ? "uint8" : "float32", string.Join(',', input.shape), images, result));
            long[] shape = [.. answer.RootElement.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
            byte[] bytes = File.ReadAllBytes(result);
            return (answer.RootElement.GetProperty("name").GetString()!, tensor(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes).ToArray(), shape));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Node(params string[] arguments)
    {
        var start = new ProcessStartInfo("node") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var (answer, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(s_limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"node {string.Join(' ', arguments)} took longer than {s_limit.TotalMinutes} minutes."));
        }
        if (process.ExitCode != 0) Assert.Fail($"node {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{errors.GetAwaiter().GetResult()}");
        return answer.GetAwaiter().GetResult();
    }
}
