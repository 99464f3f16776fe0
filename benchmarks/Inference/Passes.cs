using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using ResNet.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Inference;

/// <summary>Our side of inference: a fused network and channels-last images, as an application would use it that has many to look at.</summary>
internal static class Passes
{
    private const int WarmUp = 3;

    /// <summary>Computes the same images again and again for at least so many seconds, prints a JSON line, and goes on for half as long.</summary>
    public static void Measure(string network, string weights, string images, int batch, double seconds)
    {
        set_num_threads(Environment.ProcessorCount);
        using var model = Load(network, weights);
        using var inference = inference_mode();
        int size = ResNets.Find(network).ImageSize;
        using var input = ResNetModel.ChannelsLast(tensor(MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(images)).ToArray()).reshape(batch, 3, size, size));

        double check;
        using (var logits = model.call(input)) check = logits.abs().mean().ToDouble();
        for (int i = 1; i < WarmUp; i++) model.call(input).Dispose();
        Console.WriteLine(JsonSerializer.Serialize(new { images_per_second = Speed(model, input, seconds), check }));
        // Somebody looks at the memory now.
        Speed(model, input, seconds / 2);
    }

    private static ResNetModel Load(string name, string weights)
    {
        using var network = ResNets.Create(name);
        network.LoadWeights(weights);
        return network.FuseForInference();
    }

    private static double Speed(ResNetModel model, Tensor images, double seconds)
    {
        long count = 0;
        var clock = Stopwatch.StartNew();
        for (; clock.Elapsed.TotalSeconds < seconds; count += images.size(0)) model.call(images).Dispose();
        return count / clock.Elapsed.TotalSeconds;
    }
}
