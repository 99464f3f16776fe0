namespace ResNet.Core.Blocks;

/// <summary>The residual block a network is built of.</summary>
public enum BlockKind
{
    /// <summary>Two 3×3 convolutions, <see cref="BasicBlock"/>: ResNet-18 and 34, and CIFAR's.</summary>
    Basic,

    /// <summary>1×1, 3×3 and 1×1 convolutions, <see cref="Blocks.Bottleneck"/>: ResNet-50, 101 and 152, ResNeXt, the wide ones.</summary>
    Bottleneck,
}
