using ResNet.Core.Blocks;

namespace ResNet.Core;

/// <summary>A row of the catalogue, <see cref="ResNets.Catalogue"/>.</summary>
/// <param name="Name">Its name, which is torchvision's or timm's if they have the network.</param>
/// <param name="Paper">The paper that introduced it.</param>
/// <param name="Options">The options that it is built from.</param>
public sealed record NamedNetwork(string Name, Paper Paper, ResNetOptions Options)
{
    private const int ImageNetSize = 224;
    private const int CifarSize = 32;

    /// <summary>Height and width of the images it was made for, in pixels: 224 for ImageNet's networks, 32 for CIFAR's.</summary>
    public int ImageSize => Options.Stem == StemKind.Cifar ? CifarSize : ImageNetSize;
}
