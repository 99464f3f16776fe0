using ResNet.Core.Inspection;
using ResNet.Core.Passes.Plans;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;

namespace ResNet.Core.Passes.Steps;

/// <summary>A shortcut between channels of zeros.</summary>
internal sealed unsafe class ZeroPaddingLayer : PassLayer
{
    private readonly Work _forward;
    private readonly Work _backward;

    internal ZeroPaddingLayer(ZeroPaddingStep step, PassMap input, PassMap output, bool adds, int threads)
    {
        int stride = step.Module.Stride, before = step.Module.Before, channels = input.Shape.Channels;
        int height = input.Shape.Height, width = input.Shape.Width;
        _forward = RowsWork.Of(input.Images * output.Shape.Height, threads, rows =>
        {
            for (int row = rows.Start.Value; row < rows.End.Value; row++)
            {
                var (n, y) = Math.DivRem(row, output.Shape.Height);
                for (int x = 0; x < output.Shape.Width; x++)
                {
                    float* source = input.Data + ((((((long)n * height) + (y * stride)) * width) + (x * stride)) * input.Pitch);
                    var target = new Span<float>(output.Data + ((((long)row * output.Shape.Width) + x) * output.Pitch), output.Pitch);
                    target.Clear();
                    new ReadOnlySpan<float>(source, channels).CopyTo(target[before..]);
                }
            }
        });
        _backward = RowsWork.Of(input.Images * height, threads, rows =>
        {
            for (int row = rows.Start.Value; row < rows.End.Value; row++)
            {
                var (n, y) = Math.DivRem(row, height);
                for (int x = 0; x < width; x++)
                {
                    var target = new Span<float>(input.Gradient + ((((long)row * width) + x) * input.Pitch), input.Pitch);
                    if (!adds) target.Clear();
                    if (y % stride != 0 || x % stride != 0) continue;
                    long place = (((long)n * output.Shape.Height) + (y / stride)) * output.Shape.Width + (x / stride);
                    float* source = output.Gradient + (place * output.Pitch) + before;
                    for (int c = 0; c < channels; c++) target[c] += source[c];
                }
            }
        });
    }

    internal override void Forward(PassThreads threads) => threads.Run(_forward, TrainingWorkKind.Pool);

    internal override void Backward(PassThreads threads, ReadOnlySpan<nint> gradients) =>
        threads.Run(_backward, TrainingWorkKind.PoolGradient);
}
