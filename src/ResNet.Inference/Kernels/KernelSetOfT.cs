using System.Runtime.CompilerServices;
using ResNet.Inference.Vectors;

namespace ResNet.Inference.Kernels;

/// <inheritdoc/>
internal sealed unsafe class KernelSet<T>(int maximumVectors) : KernelSet(T.Count, maximumVectors)
    where T : unmanaged, IVector<T>
{
    // The weights of a block stay in the second-level cache while all pixels of a part pass them.
    private const int CachedFloats = 96 * 1024;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Convolve(in Convolution<float, Epilogue> convolution, Range tiles, Range panels)
    {
        var geometry = convolution.Geometry;
        // Sums are rounded after each block of taps, so a block does not depend on how the panels are divided among threads.
        int widest = MaximumVectors * T.Count;
        int block = (int)Math.Clamp(CachedFloats / ((long)convolution.Depth * widest), 1, geometry.Taps);
        int together = (int)Math.Clamp(CachedFloats / ((long)convolution.Depth * block * widest), 1, panels.End.Value);
        var tiling = new Tiling(geometry.Pixels);
        int parts = tiles.End.Value - tiles.Start.Value;
        float** rows = stackalloc float*[block * TileKernels.Rows];
        float** shifted = stackalloc float*[block * TileKernels.Rows];
        for (int first = panels.Start.Value; first < panels.End.Value; first += together)
        {
            int end = Math.Min(first + together, panels.End.Value);
            for (int tap = 0; tap < geometry.Taps; tap += block)
            {
                int taps = Math.Min(block, geometry.Taps - tap);
                // The weights of one block of taps of a panel, or of some whole panels, follow each other.
                var last = convolution.Panels[end - 1];
                long region = taps < geometry.Taps
                    ? (long)taps * convolution.Depth * last.Vectors * T.Count
                    : last.Weights + ((long)taps * convolution.Depth * last.Vectors * T.Count) - convolution.Panels[first].Weights;
                bool isFirst = tap == 0, isLast = tap + taps == geometry.Taps;
                // With the last weights: the map that tiles add or write.
                bool adds = isFirst && convolution.Epilogue.Add != 0;
                float* needed = !isLast || end < panels.End.Value ? null
                    : (float*)(adds ? convolution.Epilogue.Add : convolution.Output);
                for (int tile = tiles.Start.Value; tile < tiles.End.Value; tile++)
                {
                    int pixel = tiling.First(tile), count = tiling.RowsOf(tile);
                    bool follows = tile > tiles.Start.Value && tiling.RowsOf(tile - 1) == count;
                    if (!follows || !convolution.TryMoveRows(pixel, count, taps, rows))
                        convolution.FindRows(pixel, count, tap, taps, rows);
                    for (int p = first; p < end; p++)
                    {
                        ref readonly var panel = ref convolution.Panels[p];
                        int width = panel.Vectors * T.Count;
                        float** inputs = rows;
                        if (panel.Input > 0)
                        {
                            inputs = shifted;
                            for (int i = 0; i < taps * count; i++) shifted[i] = rows[i] + panel.Input;
                        }
                        float* weights = (float*)convolution.Weights + panel.Weights
                            + ((long)tap * convolution.Depth * width);
                        long place = ((long)pixel * geometry.OutputPitch) + panel.Column;
                        float* target = (float*)convolution.Output + place;
                        // The first block of taps starts with bias and shortcut; the others add to what is there.
                        float* bias = isFirst ? convolution.Epilogue.BiasOf(panel.Column) : null;
                        float* add = isFirst ? convolution.Epilogue.AddOf(place) : target;
                        TileKernels.Compute<T>(
                            panel.Vectors, count, inputs, taps, convolution.Depth, weights, target, geometry.OutputPitch,
                            bias, add, isLast && convolution.Epilogue.Relu,
                            needed is null
                                ? Ahead.Of(weights, region, width, (long)taps * convolution.Depth, tile - tiles.Start.Value, parts)
                                : Ahead.OfMap(
                                    needed + ((long)(pixel + count) * geometry.OutputPitch), count * geometry.OutputPitch,
                                    (long)taps * convolution.Depth, p - first, end - first));
                    }
                }
            }
        }
    }

    internal override void TransformInput(in WinogradBlock block, Range tiles) => WinogradPasses<T>.TransformInput(block, tiles);

    internal override void Multiply(in WinogradBlock block, Range units) => WinogradPasses<T>.Multiply(block, units);

    internal override void TransformOutput(in WinogradBlock block, Range tiles) => WinogradPasses<T>.TransformOutput(block, tiles);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void MaxPool(in Geometry geometry, float* input, float* output, Range rows)
    {
        for (int row = rows.Start.Value; row < rows.End.Value; row++)
        {
            var (image, y) = Math.DivRem(row, geometry.OutputHeight);
            int top = (y * geometry.Stride) - geometry.Padding;
            int bottom = Math.Min(top + geometry.KernelHeight, geometry.Height);
            for (int x = 0; x < geometry.OutputWidth; x++)
            {
                int left = (x * geometry.Stride) - geometry.Padding;
                int right = Math.Min(left + geometry.KernelWidth, geometry.Width);
                float* target = output + ((((long)row * geometry.OutputWidth) + x) * geometry.OutputPitch);
                for (int c = 0; c < geometry.Pitch; c += T.Count)
                {
                    var greatest = T.Broadcast(float.NegativeInfinity);
                    for (int i = Math.Max(top, 0); i < bottom; i++)
                    {
                        float* source = input + (((long)image * geometry.Height) + i) * geometry.Width * geometry.Pitch + c;
                        for (int j = Math.Max(left, 0); j < right; j++)
                            greatest = T.Max(greatest, T.Load(source + ((long)j * geometry.Pitch)));
                    }
                    T.Store(greatest, target + c);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void AveragePool(in Geometry geometry, bool countsOutside, float* input, float* output, Range rows)
    {
        for (int row = rows.Start.Value; row < rows.End.Value; row++)
        {
            var (image, y) = Math.DivRem(row, geometry.OutputHeight);
            int top = y * geometry.Stride, bottom = Math.Min(top + geometry.KernelHeight, geometry.Height);
            for (int x = 0; x < geometry.OutputWidth; x++)
            {
                int left = x * geometry.Stride, right = Math.Min(left + geometry.KernelWidth, geometry.Width);
                int count = countsOutside ? geometry.Taps : (bottom - top) * (right - left);
                float* target = output + ((((long)row * geometry.OutputWidth) + x) * geometry.OutputPitch);
                for (int c = 0; c < geometry.Pitch; c += T.Count)
                {
                    var sum = T.Zero;
                    for (int i = top; i < bottom; i++)
                    {
                        float* source = input + (((long)image * geometry.Height) + i) * geometry.Width * geometry.Pitch + c;
                        for (int j = left; j < right; j++) sum += T.Load(source + ((long)j * geometry.Pitch));
                    }
                    T.Store(sum * T.Broadcast(1f / count), target + c);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Mean(float* input, int pixels, int channels, float* output)
    {
        var factor = T.Broadcast(1f / pixels);
        for (int c = 0; c < channels; c += T.Count)
        {
            var sum = T.Zero;
            for (long pixel = 0; pixel < pixels; pixel++) sum += T.Load(input + (pixel * channels) + c);
            T.Store(sum * factor, output + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Pointwise(
        float* input, float* scale, float* shift, float* add, bool relu, int channels, float* output, Range pixels)
    {
        for (long pixel = pixels.Start.Value; pixel < pixels.End.Value; pixel++)
        {
            for (int c = 0; c < channels; c += T.Count)
            {
                long i = (pixel * channels) + c;
                var value = T.Load(input + i);
                if (scale is not null) value = T.MultiplyAdd(value, T.Load(scale + c), T.Load(shift + c));
                if (add is not null) value += T.Load(add + i);
                if (relu) value = T.Max(T.Zero, value);
                T.Store(value, output + i);
            }
        }
    }
}
