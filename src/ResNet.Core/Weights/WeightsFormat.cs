namespace ResNet.Core.Weights;

/// <summary>How a file of weights is laid out. Files are told apart by what is in them, whatever they are called.</summary>
public enum WeightsFormat
{
    /// <summary>safetensors (https://github.com/huggingface/safetensors): nothing but tensors and texts, and quick to read.</summary>
    Safetensors,

    /// <summary>What <c>torch.save</c> has written since PyTorch 1.6: a zip archive with a pickle in it.</summary>
    PyTorch,

    /// <summary>What <c>torch.save</c> wrote before PyTorch 1.6: pickles, then the tensors' bytes. It is read but not written.</summary>
    PyTorchLegacy,

    /// <summary>What TorchSharp's <c>module.save</c> writes.</summary>
    TorchSharp,
}
