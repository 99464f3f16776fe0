namespace ResNet.Core.Weights;

/// <summary>The format of a file of weights. Files are recognised by their content, not by their names.</summary>
public enum WeightsFormat
{
    /// <summary>safetensors (https://github.com/huggingface/safetensors): only tensors and texts, and quick to read.</summary>
    Safetensors,

    /// <summary>
    /// The format of <c>torch.save</c> since PyTorch 1.6: a zip archive with a pickle in it. TorchScript's archives, of which the
    /// parameters are read, have it too.
    /// </summary>
    PyTorch,

    /// <summary>
    /// The formats of <c>torch.save</c> before PyTorch 1.6: pickles, then the tensors' bytes, or before 0.1.10 a tar archive. They are
    /// read but not written.
    /// </summary>
    PyTorchLegacy,

    /// <summary>The format of TorchSharp's <c>module.save</c>.</summary>
    TorchSharp,
}
