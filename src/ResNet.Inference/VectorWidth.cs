namespace ResNet.Inference;

/// <summary>The vectors that the kernels compute with.</summary>
public enum VectorWidth
{
    /// <summary>None: plain code that runs anywhere.</summary>
    None,

    /// <summary>128 bits, four floats: NEON, SSE.</summary>
    Vector128,

    /// <summary>256 bits, eight floats: AVX2 with FMA.</summary>
    Vector256,

    /// <summary>512 bits, sixteen floats: AVX-512.</summary>
    Vector512,
}
