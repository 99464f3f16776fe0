using ResNet.Inference;

namespace Benchmarks.Inference;

/// <summary>Inference by ResNet.Inference, without libtorch.</summary>
internal static class EngineInference
{
    /// <param name="file">The network, as <c>SaveForInference</c> writes it.</param>
    /// <param name="images">A file of images.</param>
    /// <param name="batch">The number of images.</param>
    /// <param name="callers">The threads that call one model at the same time; each of several computes alone.</param>
    /// <param name="seconds">The minimum running time in seconds.</param>
    public static void Measure(string file, string images, int batch, int callers, double seconds)
    {
        var options = callers > 1 ? new InferenceOptions { Threads = 1 } : new InferenceOptions();
        using var model = InferenceModel.Open(file, options);
        var (values, shape) = ImageFile.Read(images, batch);
        var scores = new float[batch * model.ClassCount];

        void Run(float[] target) => model.Run(values, batch, (int)shape[2], (int)shape[3], target);

        Action Caller()
        {
            var own = new float[scores.Length];
            return () => Run(own);
        }

        Passes.Measure(batch, seconds, [.. Enumerable.Range(0, callers).Select(_ => Caller())], () =>
        {
            Run(scores);
            return scores.Average(MathF.Abs);
        });
    }
}
