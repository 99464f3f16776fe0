using TorchSharp;
using static TorchSharp.torch;

namespace Benchmarks.Inference;

/// <summary>An ordinary TorchSharp program for inference: TorchVision's network in evaluation mode, and contiguous images.</summary>
internal static class TorchSharpInference
{
    /// <param name="network">The network.</param>
    /// <param name="weights">A file that TorchSharp's <c>module.save</c> could have written.</param>
    /// <param name="images">A file of images.</param>
    /// <param name="batch">The number of images.</param>
    /// <param name="seconds">The minimum running time in seconds.</param>
    public static void Measure(string network, string weights, string images, int batch, double seconds)
    {
        set_num_threads(Environment.ProcessorCount);
        using var model = TorchVisionNetworks.Create(network);
        model.load(weights);
        model.eval();
        using var inference = inference_mode();
        var (values, shape) = ImageFile.Read(images, batch);
        using var input = tensor(values, shape);

        void Pass()
        {
            using var scope = NewDisposeScope();
            model.call(input);
        }

        double Check()
        {
            using var scope = NewDisposeScope();
            return model.call(input).abs().mean().ToDouble();
        }

        Passes.Measure(batch, seconds, Pass, Check);
    }
}
