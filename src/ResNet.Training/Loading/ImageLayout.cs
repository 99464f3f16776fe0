using ResNet.Core;
using static TorchSharp.torch;

namespace ResNet.Training.Loading;

/// <summary>
/// Lays images out in memory as a network's convolutions lie: channels-last
/// trains fastest on CUDA and on CPUs (<c>docs/performance.md</c>).
/// </summary>
internal static class ImageLayout
{
    /// <summary>Whether a network's convolutions are channels-last, and so should its images be.</summary>
    internal static bool IsChannelsLast(ResNetModel model) =>
        model.parameters().Any(parameter => parameter.ndim == 4 && !parameter.is_contiguous());

    /// <summary>Lays channels-last images out like a network's convolutions.</summary>
    internal static Tensor Of(Tensor images, bool channelsLast) => channelsLast ? images : images.contiguous();
}
