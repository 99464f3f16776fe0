namespace ResNet.Core.Blocks;

/// <summary>The layers before the first stage. Each kind ends with a norm and a ReLU and has as many channels as the first stage.</summary>
public enum StemKind
{
    /// <summary>A 7×7 convolution with stride 2 and a 3×3 max-pooling with stride 2: ImageNet's (He et al. 2015, table 1).</summary>
    Standard,

    /// <summary>A 3×3 convolution with stride 1, for images of 32×32 pixels: CIFAR's (He et al. 2015, section 4.2).</summary>
    Cifar,

    /// <summary>
    /// Three 3×3 convolutions, the first with stride 2 and the first two half as wide, and a 3×3 max-pooling with stride 2
    /// (ResNet-C, He et al. 2018, https://arxiv.org/abs/1812.01187, figure 2b; timm's <c>deep</c>).
    /// </summary>
    Deep,
}
