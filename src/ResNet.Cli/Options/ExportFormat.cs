namespace ResNet.Cli.Options;

/// <summary>The output format of <c>export</c>.</summary>
internal enum ExportFormat
{
    /// <summary>The network with its weights, for ONNX Runtime.</summary>
    Onnx,

    /// <summary>The network with folded weights, classes and preprocessing, for <c>ResNet.Inference</c>.</summary>
    Inference,

    /// <summary>The weights, as <c>safetensors</c>.</summary>
    Safetensors,

    /// <summary>The weights in a format that <c>torch.load</c> reads.</summary>
    PyTorch,

    /// <summary>The weights in a format that TorchSharp's <c>Module.load</c> reads.</summary>
    TorchSharp,
}
