namespace ResNet.Inference.Plans;

/// <summary>What a layer of a plan computes.</summary>
internal enum LayerKind
{
    /// <summary>A convolution, with a bias, and a sum and ReLU if asked for.</summary>
    Convolution,

    /// <summary>
    /// <c>x · scale + shift</c> for each channel (a batch norm that no convolution precedes), a sum and ReLU, each if asked for.
    /// </summary>
    Pointwise,

    /// <summary>Group normalisation, with a scale and a shift for each channel.</summary>
    GroupNorm,

    /// <summary>The maximum of each window.</summary>
    MaxPool,

    /// <summary>The mean of each 2×2 window: before the projection of a shortcut.</summary>
    AveragePool,

    /// <summary>Every stride-th pixel, with channels of zeros before and after: a shortcut without weights.</summary>
    Subsample,

    /// <summary>The mean of all pixels.</summary>
    Mean,

    /// <summary>A matrix product, with a bias.</summary>
    Linear,

    /// <summary>Floats as unsigned bytes, of a scale and a zero point: what an 8-bit convolution reads.</summary>
    Quantize,

    /// <summary>
    /// A convolution of unsigned bytes with signed weights of 7 bits, with a bias, and a sum and ReLU if asked for. It gives bytes if it
    /// has a scale, else floats.
    /// </summary>
    Int8Convolution,

    /// <summary>A matrix product of unsigned bytes with signed weights of 7 bits, with a bias. It gives floats.</summary>
    Int8Linear,
}
