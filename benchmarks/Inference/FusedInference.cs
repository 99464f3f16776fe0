using ResNet.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Inference;

/// <summary>Our side of inference: a fused network and channels-last images, as in an application that classifies many images.</summary>
internal static class FusedInference
{
    public static void Measure(string network, string weights, string images, int batch, double seconds)
    {
        set_num_threads(Environment.ProcessorCount);
        using var model = Load(network, weights);
        using var inference = inference_mode();
        var (values, shape) = ImageFile.Read(images, batch);
        using var input = ResNetModel.ChannelsLast(tensor(values, shape));
        Passes.Measure(batch, seconds, () => model.call(input).Dispose(), () =>
        {
            using var logits = model.call(input);
            return logits.abs().mean().ToDouble();
        });
    }

    private static ResNetModel Load(string name, string weights)
    {
        using var network = ResNets.Create(name);
        network.LoadWeights(weights);
        return network.FuseForInference();
    }
}
