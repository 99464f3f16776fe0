using System.Runtime.CompilerServices;
using ResNet.Core.Inspection;
using ResNet.Core.Layers;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Kernels;

namespace ResNet.Core.Passes.Steps;

/// <summary>The mean of windows of 2×2 pixels that do not overlap; at the border, of the pixels that there are.</summary>
internal sealed unsafe class AveragePoolLayer : PassLayer
{
    private const int Side = ShortcutPool.Size;

    private readonly PassMap _input;
    private readonly PassMap _output;
    private readonly bool _adds;
    private readonly Work _forward;
    private readonly Work _backward;

    internal AveragePoolLayer(KernelSet kernels, PassMap input, PassMap output, bool adds, int threads)
    {
        (_input, _output, _adds) = (input, output, adds);
        var geometry = new Geometry
        {
            Images = input.Images, Height = input.Shape.Height, Width = input.Shape.Width, Pitch = input.Pitch,
            OutputHeight = output.Shape.Height, OutputWidth = output.Shape.Width, OutputPitch = output.Pitch,
            KernelHeight = Side, KernelWidth = Side, Stride = Side,
        };
        _forward = RowsWork.Of(input.Images * output.Shape.Height, threads, rows =>
            kernels.AveragePool(geometry, countsOutside: false, input.Data, output.Data, rows));
        _backward = RowsWork.Of(input.Images * input.Shape.Height, threads, Backward);
    }

    internal override void Forward(PassThreads threads) => threads.Run(_forward, TrainingWorkKind.Pool);

    internal override void Backward(PassThreads threads, ReadOnlySpan<nint> gradients) =>
        threads.Run(_backward, TrainingWorkKind.PoolGradient);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Backward(Range rows)
    {
        var (_, height, width) = _input.Shape;
        for (int row = rows.Start.Value; row < rows.End.Value; row++)
        {
            var (n, y) = Math.DivRem(row, height);
            int inside = Math.Min(Side, height - (y / Side * Side));
            for (int x = 0; x < width; x++)
            {
                float factor = 1f / (inside * Math.Min(Side, width - (x / Side * Side)));
                long place = ((((long)n * _output.Shape.Height) + (y / Side)) * _output.Shape.Width) + (x / Side);
                float* source = _output.Gradient + (place * _output.Pitch);
                float* target = _input.Gradient + ((((long)row * width) + x) * _input.Pitch);
                for (int c = 0; c < _input.Pitch; c++) target[c] = (source[c] * factor) + (_adds ? target[c] : 0);
            }
        }
    }
}
