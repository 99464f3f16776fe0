using Microsoft.ML.OnnxRuntime;

namespace Benchmarks.Inference;

/// <summary>ONNX Runtime's side of inference, with all optimizations of the graph.</summary>
internal static class OnnxInference
{
    /// <param name="file">The exported network.</param>
    /// <param name="images">A file of images.</param>
    /// <param name="batch">The number of images.</param>
    /// <param name="callers">The threads that call one session at the same time; each of several computes alone.</param>
    /// <param name="seconds">The minimum running time in seconds.</param>
    public static void Measure(string file, string images, int batch, int callers, double seconds)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            IntraOpNumThreads = callers > 1 ? 1 : Environment.ProcessorCount,
        };
        using var session = new InferenceSession(file, options);
        using var run = new RunOptions();
        var (values, shape) = ImageFile.Read(images, batch);
        using var input = OrtValue.CreateTensorValueFromMemory(values, shape);

        IDisposableReadOnlyCollection<OrtValue> Run() => session.Run(run, session.InputNames, [input], session.OutputNames);

        double Check()
        {
            using var outputs = Run();
            double sum = 0;
            var logits = outputs[0].GetTensorDataAsSpan<float>();
            foreach (float logit in logits) sum += Math.Abs(logit);
            return sum / logits.Length;
        }

        Passes.Measure(batch, seconds, [.. Enumerable.Repeat(() => Run().Dispose(), callers)], Check);
    }
}
