using static TorchSharp.torch;
using static TorchSharp.torchvision.models;

namespace Benchmarks;

/// <summary>The networks of TorchVision, TorchSharp's own package of networks.</summary>
internal static class TorchVisionNetworks
{
    // resnext101_32x8d and resnext101_64x4d are left out: TorchVision 0.107 builds a ResNet-50 for them.
    private static readonly Dictionary<string, Func<int, nn.Module<Tensor, Tensor>>> s_networks = new()
    {
        ["resnet18"] = classes => resnet18(classes),
        ["resnet34"] = classes => resnet34(classes),
        ["resnet50"] = classes => resnet50(classes),
        ["resnet101"] = classes => resnet101(classes),
        ["resnet152"] = classes => resnet152(classes),
        ["resnext50_32x4d"] = classes => resnext50_32x4d(classes),
        ["wide_resnet50_2"] = classes => wide_resnet50_2(classes),
        ["wide_resnet101_2"] = classes => wide_resnet101_2(classes),
    };

    public static bool Has(string name) => s_networks.ContainsKey(name);

    public static nn.Module<Tensor, Tensor> Create(string name, int classes = 1000) => s_networks[name](classes);
}
