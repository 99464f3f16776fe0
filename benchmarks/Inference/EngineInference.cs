using ResNet.Inference;

namespace Benchmarks.Inference;

/// <summary>Inference by ResNet.Inference, without libtorch.</summary>
internal static class EngineInference
{
    /// <param name="file">The network, as <c>SaveForInference</c> writes it.</param>
    /// <param name="images">A file of images.</param>
    /// <param name="batch">The number of images.</param>
    /// <param name="seconds">The minimum running time in seconds.</param>
    public static void Measure(string file, string images, int batch, double seconds)
    {
        using var model = InferenceModel.Open(file);
        var (values, shape) = ImageFile.Read(images, batch);
        var scores = new float[batch * model.ClassCount];

        void Run() => model.Run(values, batch, (int)shape[2], (int)shape[3], scores);

        Passes.Measure(batch, seconds, Run, () =>
        {
            Run();
            return scores.Average(MathF.Abs);
        });
    }
}
