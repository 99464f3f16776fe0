using ResNet.Core;
using static TorchSharp.torch;

namespace ResNet.Training.Loading;

/// <summary>
/// Gives images the memory order of a network's convolutions: channels-last
/// trains fastest on CUDA and on CPUs (<c>docs/performance.md</c>).
/// </summary>
internal static class ImageLayout
{
    /// <summary>Returns whether a network's convolutions are channels-last; its images should be so too.</summary>
    internal static bool IsChannelsLast(ResNetModel model) =>
        model.parameters().Any(parameter => parameter.ndim == 4 && !parameter.is_contiguous());

    /// <summary>Converts channels-last images to the memory order of a network's convolutions.</summary>
    internal static Tensor Of(Tensor images, bool channelsLast) => channelsLast ? images : images.contiguous();
}
