namespace ResNet.Core.Blocks;

/// <summary>The convolution of a <see cref="Bottleneck"/> that has the stride.</summary>
public enum StridePlacement
{
    /// <summary>The 3×3 one, as in torchvision and timm ("ResNet v1.5").</summary>
    Conv3x3,

    /// <summary>The first 1×1 one, as in He et al. 2015.</summary>
    Conv1x1,
}
