using ResNet.Core.Inspection;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Kernels;

namespace ResNet.Core.Passes.Steps;

/// <summary>The mean of all pixels of an image.</summary>
internal sealed unsafe class MeanLayer : PassLayer
{
    private readonly Work _forward;
    private readonly Work _backward;

    internal MeanLayer(KernelSet kernels, PassMap input, PassMap output, bool adds, int threads)
    {
        int pixels = input.Shape.Height * input.Shape.Width, pitch = input.Pitch;
        _forward = RowsWork.Of(input.Images, threads, images =>
        {
            for (long n = images.Start.Value; n < images.End.Value; n++)
                kernels.Mean(input.Data + (n * pixels * pitch), pixels, pitch, output.Data + (n * pitch));
        });
        float factor = 1f / pixels;
        _backward = RowsWork.Of(input.Images, threads, images =>
        {
            for (long n = images.Start.Value; n < images.End.Value; n++)
            {
                float* source = output.Gradient + (n * pitch), target = input.Gradient + (n * pixels * pitch);
                for (int p = 0; p < pixels; p++, target += pitch)
                {
                    for (int c = 0; c < pitch; c++) target[c] = (source[c] * factor) + (adds ? target[c] : 0);
                }
            }
        });
    }

    internal override void Forward(PassThreads threads) => threads.Run(_forward, TrainingWorkKind.Pool);

    internal override void Backward(PassThreads threads, ReadOnlySpan<nint> gradients) =>
        threads.Run(_backward, TrainingWorkKind.PoolGradient);
}
