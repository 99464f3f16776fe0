namespace ResNet.Training;

/// <summary>What computes a network that predicts.</summary>
public enum PredictionEngine
{
    /// <summary>
    /// The package <c>ResNet.Inference</c>: kernels in C#, in single precision, on the CPU only. Its scores agree with TorchSharp's to 10⁻⁴
    /// of the largest one.
    /// </summary>
    Inference,

    /// <summary>TorchSharp, on any device.</summary>
    Torch,
}
