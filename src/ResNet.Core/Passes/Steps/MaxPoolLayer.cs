using ResNet.Core.Inspection;
using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Plans;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;

namespace ResNet.Core.Passes.Steps;

/// <summary>Max pooling. A byte for each number of the output says which number of the input it is.</summary>
internal sealed unsafe class MaxPoolLayer : PassLayer
{
    private readonly NativeBuffer _places;
    private readonly Work _forward;
    private readonly Work _backward;

    internal MaxPoolLayer(MaxPoolStep step, PassKernels kernels, PassMap input, PassMap output, bool adds, int threads)
    {
        _places = new NativeBuffer((output.Floats / sizeof(float)) + 1, isCleared: false);
        var geometry = new Geometry
        {
            Images = input.Images, Height = input.Shape.Height, Width = input.Shape.Width, Pitch = input.Pitch,
            OutputHeight = output.Shape.Height, OutputWidth = output.Shape.Width, OutputPitch = output.Pitch,
            KernelHeight = step.Kernel, KernelWidth = step.Kernel, Stride = step.Stride, Padding = step.Padding,
        };
        _forward = RowsWork.Of(input.Images * output.Shape.Height, threads, rows =>
            kernels.MaxPool(geometry, input.Data, output.Data, (byte*)_places.Address, rows));
        _backward = new RowsWork(input.Images, 1, threads, images => Backward(geometry, input, output, adds, images));
    }

    internal override void Forward(PassThreads threads) => threads.Run(_forward, TrainingWorkKind.Pool);

    internal override void Backward(PassThreads threads, ReadOnlySpan<nint> gradients) =>
        threads.Run(_backward, TrainingWorkKind.PoolGradient);

    public override void Dispose()
    {
        _places.Dispose();
        base.Dispose();
    }

    private void Backward(in Geometry g, PassMap input, PassMap output, bool adds, Range images)
    {
        byte* places = (byte*)_places.Address;
        long floats = (long)g.Height * g.Width * g.Pitch;
        for (int n = images.Start.Value; n < images.End.Value; n++)
        {
            float* target = input.Gradient + (n * floats);
            if (!adds) System.Runtime.InteropServices.NativeMemory.Clear(target, (nuint)floats * sizeof(float));
            for (int y = 0; y < g.OutputHeight; y++)
            {
                for (int x = 0; x < g.OutputWidth; x++)
                {
                    long place = ((((((long)n * g.OutputHeight) + y) * g.OutputWidth) + x) * g.OutputPitch);
                    for (int c = 0; c < g.Pitch; c++)
                    {
                        var (i, j) = Math.DivRem(places[place + c], (byte)g.KernelWidth);
                        long row = (y * g.Stride) - g.Padding + i, column = (x * g.Stride) - g.Padding + j;
                        target[(((row * g.Width) + column) * g.Pitch) + c] += output.Gradient[place + c];
                    }
                }
            }
        }
    }
}
