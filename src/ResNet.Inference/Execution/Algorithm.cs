namespace ResNet.Inference.Execution;

/// <summary>The ways to compute a convolution.</summary>
internal enum Algorithm
{
    /// <summary>Products of pixels and weights.</summary>
    Direct,

    /// <summary>Winograd's F(2×2, 3×3).</summary>
    Winograd2,

    /// <summary>Winograd's F(4×4, 3×3).</summary>
    Winograd4,
}
