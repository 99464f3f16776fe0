namespace ResNet.Core.Blocks;

/// <summary>The shortcut around a block's convolutions, above all in blocks that change the shape.</summary>
public enum ShortcutKind
{
    /// <summary>No shortcut: the plain networks of He et al. 2015.</summary>
    None,

    /// <summary>
    /// Option A of He et al. 2015, without parameters: every stride-th pixel, with added channels of zeros, half of them
    /// before and half of them after (as in Idelbayev's networks for CIFAR-10, https://github.com/akamaster/pytorch_resnet_cifar10).
    /// </summary>
    ZeroPadding,

    /// <summary>
    /// Option B: a 1×1 convolution and a norm (none with pre-activation) in blocks that change the shape, the identity in others.
    /// </summary>
    Projection,

    /// <summary>Option C: a 1×1 convolution and a norm (none with pre-activation) in every block.</summary>
    ProjectionEverywhere,

    /// <summary>
    /// The same as <see cref="Projection"/>, with a 2×2 average pooling instead of the convolution's stride
    /// (ResNet-D, He et al. 2018, https://arxiv.org/abs/1812.01187, figure 2c; timm's <c>avg_down</c>).
    /// </summary>
    AveragePooledProjection,
}
