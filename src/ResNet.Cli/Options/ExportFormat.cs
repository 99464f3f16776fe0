namespace ResNet.Cli.Options;

/// <summary>What <c>export</c> writes.</summary>
internal enum ExportFormat
{
    /// <summary>The network with its weights, for ONNX Runtime.</summary>
    Onnx,

    /// <summary>The weights, as <c>safetensors</c>.</summary>
    Safetensors,

    /// <summary>The weights, as <c>torch.load</c> reads them.</summary>
    PyTorch,

    /// <summary>The weights, as TorchSharp's <c>Module.load</c> reads them.</summary>
    TorchSharp,
}
