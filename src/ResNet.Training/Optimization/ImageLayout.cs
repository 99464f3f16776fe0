using System.Runtime.Intrinsics.X86;
using ResNet.Core;
using ResNet.Core.Blocks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>How images and the weights of convolutions lie in memory: channels-last <c>[N, H, W, C]</c>, or contiguous <c>[N, C, H, W]</c>.</summary>
internal static class ImageLayout
{
    /// <summary>Whether a network trains fastest channels-last.</summary>
    /// <remarks>
    /// On CUDA all do. On processors with AVX2 alone oneDNN's 3×3 convolutions take up to a third longer for that order than for the contiguous one, whose
    /// memory it brings into an order of its own; 1×1 ones take less, so bottlenecks gain (<c>docs/training-speed.md</c>). By processor and
    /// network and not by a trial, since a run that is resumed has to compute as it did before.
    /// </remarks>
    internal static bool IsChannelsLastFastest(ResNetModel model) =>
        model.Device.type != DeviceType.CPU || !X86Base.IsSupported || Avx512F.IsSupported || model.Options.Block == BlockKind.Bottleneck;

    /// <summary>Whether a network's weights are channels-last.</summary>
    internal static bool IsChannelsLast(ResNetModel model) => model.parameters().Any(parameter => parameter.ndim == 4 && !parameter.is_contiguous());

    /// <summary>Lays a network's weights out.</summary>
    internal static void Arrange(ResNetModel model, bool channelsLast)
    {
        if (channelsLast)
        {
            model.ToChannelsLast();
            return;
        }
        using var untracked = no_grad();
        foreach (var parameter in model.parameters().Where(parameter => parameter.ndim == 4))
        {
            using var scope = NewDisposeScope();
            parameter.set_(parameter.detach().contiguous());
        }
    }

    /// <summary>Lays channels-last images out like a network's weights.</summary>
    internal static Tensor Of(Tensor images, bool channelsLast) => channelsLast ? images : images.contiguous();
}
