using System.Runtime.Intrinsics.X86;
using ResNet.Core;
using ResNet.Core.Blocks;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>Lays images and the weights of convolutions out in memory.</summary>
internal static class ImageLayout
{
    private const string Stem = "conv1.", FirstStage = "layer1";

    /// <summary>How a network trains fastest.</summary>
    /// <remarks>
    /// On CUDA channels-last. On processors with AVX2 alone oneDNN's 3×3 convolutions take up to a third longer for that order than for the contiguous one, whose
    /// memory it brings into an order of its own; 1×1 ones take less, and so do the standard stem's convolution of three channels and its pooling
    /// (<c>docs/performance.md</c>). By processor and network and not by a trial, since a run that is resumed has to compute as it did before.
    /// </remarks>
    internal static MemoryOrder Fastest(ResNetModel model)
    {
        bool isLikedByAll = model.Device.type != DeviceType.CPU || !X86Base.IsSupported || Avx512F.IsSupported;
        if (isLikedByAll || model.Options.Block == BlockKind.Bottleneck) return MemoryOrder.ChannelsLast;
        return model.Options.Stem == StemKind.Standard ? MemoryOrder.ChannelsLastStem : MemoryOrder.Contiguous;
    }

    /// <summary>Whether a parameter is channels-last in an order.</summary>
    internal static bool IsChannelsLast(MemoryOrder order, string parameter) =>
        order == MemoryOrder.ChannelsLast || (order == MemoryOrder.ChannelsLastStem && parameter.StartsWith(Stem, StringComparison.Ordinal));

    /// <summary>Whether a network's stem is channels-last, and so should its images be.</summary>
    internal static bool IsChannelsLast(ResNetModel model) =>
        model.named_parameters().Any(entry => entry.name.StartsWith(Stem, StringComparison.Ordinal) && entry.parameter.ndim == 4 && !entry.parameter.is_contiguous());

    /// <summary>Lays a network's weights out, and has it change the order where that says so.</summary>
    /// <returns>Takes that back, so that a network of two orders has one again.</returns>
    internal static Action Arrange(ResNetModel model, MemoryOrder order)
    {
        using var untracked = no_grad();
        foreach (var (name, parameter) in model.named_parameters().Where(entry => entry.parameter.ndim == 4))
        {
            using var scope = NewDisposeScope();
            var values = parameter.detach();
            parameter.set_(IsChannelsLast(order, name) ? ResNetModel.ChannelsLast(values) : values.contiguous());
        }
        if (order != MemoryOrder.ChannelsLastStem) return () => { };
        var stage = (nn.Module<Tensor, Tensor>)model.named_children().Single(child => child.name == FirstStage).module;
        var hook = stage.register_forward_pre_hook((_, input) => input.contiguous());
        var stem = model.named_parameters().Where(entry => IsChannelsLast(order, entry.name) && entry.parameter.ndim == 4).Select(entry => entry.parameter).ToList();
        return () =>
        {
            hook.remove();
            using var untracked = no_grad();
            using var scope = NewDisposeScope();
            foreach (var parameter in stem.Where(parameter => !parameter.IsInvalid)) parameter.set_(parameter.detach().contiguous());
        };
    }

    /// <summary>Lays channels-last images out like a network's stem.</summary>
    internal static Tensor Of(Tensor images, bool channelsLast) => channelsLast ? images : images.contiguous();
}
