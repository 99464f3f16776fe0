using Microsoft.ML.OnnxRuntime;
using ResNet.Core;
using ResNet.Core.Export;
using static TorchSharp.torch;

namespace ResNet.Parity.Tests;

/// <summary>Runs exported networks in ONNX Runtime, on the processor.</summary>
internal static class OnnxRuntime
{
    /// <summary>Exports a network and runs the result.</summary>
    /// <param name="network">The network.</param>
    /// <param name="input">Images <c>[N, C, H, W]</c>, or pixels <c>[N, H, W, C]</c>.</param>
    /// <param name="options">The options of the export.</param>
    /// <returns>The name of the output, and the output, which the caller disposes.</returns>
    internal static (string Name, Tensor Output) Run(ResNetModel network, Tensor input, OnnxExportOptions options)
    {
        using var session = Load(network, options);
        using var contiguous = input.contiguous();
        using var images = options.TakesPixels ? Value<byte>(contiguous) : Value<float>(contiguous);
        using var run = new RunOptions();
        using var outputs = session.Run(run, [options.TakesPixels ? "pixels" : "images"], [images], session.OutputNames);
        var output = outputs.Should().ContainSingle().Subject;
        return (session.OutputNames[0], tensor(output.GetTensorDataAsSpan<float>().ToArray(), output.GetTensorTypeAndShape().Shape));
    }

    private static InferenceSession Load(ResNetModel network, OnnxExportOptions options)
    {
        using var model = new MemoryStream();
        OnnxExporter.Export(network, model, options);
        using var sessionOptions = new SessionOptions();
        // Waiting threads that spin would slow down libtorch, which computes in the same process.
        sessionOptions.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return new InferenceSession(model.ToArray(), sessionOptions);
    }

    private static OrtValue Value<T>(Tensor tensor)
        where T : unmanaged => OrtValue.CreateTensorValueFromMemory(tensor.data<T>().ToArray(), tensor.shape);
}
