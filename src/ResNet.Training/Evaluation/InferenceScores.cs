using System.Runtime.InteropServices;
using ResNet.Inference;
using static TorchSharp.torch;

namespace ResNet.Training.Evaluation;

/// <summary>Computes class scores of tensors with <c>ResNet.Inference</c>.</summary>
internal static class InferenceScores
{
    // Larger batches take more memory, and are not faster.
    private const int MostImages = 32;

    /// <summary>Computes the class scores of images.</summary>
    /// <param name="model">The network.</param>
    /// <param name="images"><c>[N, C, H, W]</c>, normalised, of any type and on any device.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    /// <returns><c>[N, classes]</c>, float32, on the CPU.</returns>
    /// <exception cref="ArgumentException">The images do not fit the network, or are not finite.</exception>
    internal static Tensor Compute(this InferenceModel model, Tensor images, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        var input = images.to(CPU).to(ScalarType.Float32).contiguous();
        int count = (int)input.size(0), height = (int)input.size(2), width = (int)input.size(3);
        var scores = new float[count * model.ClassCount];
        for (int first = 0; first < count; first += MostImages)
        {
            int part = Math.Min(MostImages, count - first);
            model.Run(
                MemoryMarshal.Cast<byte, float>(input.narrow(0, first, part).bytes), part, height, width,
                scores.AsSpan(first * model.ClassCount, part * model.ClassCount), cancellationToken);
        }
        return tensor(scores, [count, model.ClassCount]).MoveToOuterDisposeScope();
    }
}
