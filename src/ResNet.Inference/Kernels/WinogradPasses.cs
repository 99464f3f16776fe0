using System.Runtime.CompilerServices;
using ResNet.Inference.Vectors;

namespace ResNet.Inference.Kernels;

/// <summary>The three passes over the tiles of a <see cref="WinogradBlock"/>.</summary>
internal static unsafe class WinogradPasses<T>
    where T : unmanaged, IVector<T>
{
    /// <summary>Writes <c>Bᵀ d B</c> of some tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void TransformInput(in WinogradBlock block, Range tiles)
    {
        var convolution = block.Convolution;
        int padding = convolution.Geometry.Padding;
        // What a tile reads, as if it were a kernel.
        var window = convolution.Geometry with { KernelHeight = block.Side, KernelWidth = block.Side };
        float** pixels = stackalloc float*[block.Elements];
        byte* memory = stackalloc byte[Memory(WinogradTransforms<T>.Elements)];
        T* rows = Align(memory);
        for (int t = tiles.Start.Value; t < tiles.End.Value; t++)
        {
            var (image, top, left) = block.PlaceOf(t);
            convolution.FindTaps(window, image, top - padding, left - padding, 0, 0, block.Elements, pixels, places: 1);
            float* target = (float*)block.Inputs + ((long)t * block.TileStep);
            if (block.Size == 4) WinogradTransforms<T>.Input4(pixels, convolution.Depth, target, block.InputStep, block.ChannelStep, rows);
            else WinogradTransforms<T>.Input2(pixels, convolution.Depth, target, block.InputStep, block.ChannelStep, rows);
        }
    }

    /// <summary>Multiplies all tiles by the weights: some units, each an element of the transformed tiles and a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply(in WinogradBlock block, Range units)
    {
        var panels = block.Convolution.Panels;
        int depth = block.Convolution.Depth, columns = block.Convolution.Geometry.OutputPitch;
        var tiling = new Tiling(block.Count);
        float** rows = stackalloc float*[TileKernels.Rows];
        long weightStep = WinogradBlock.WeightStep(depth, columns);
        for (int unit = units.Start.Value; unit < units.End.Value; unit++)
        {
            var (element, p) = Math.DivRem(unit, panels.Length);
            ref readonly var panel = ref panels[p];
            int width = panel.Vectors * T.Count;
            float* inputs = (float*)block.Inputs + (element * block.InputStep);
            float* products = (float*)block.Products + (element * block.ProductStep) + panel.Column;
            float* weights = (float*)block.Convolution.Weights + (element * weightStep) + panel.Weights;
            for (int tile = 0; tile < tiling.Count; tile++)
            {
                int row = tiling.First(tile), count = tiling.RowsOf(tile);
                for (int r = 0; r < count; r++) rows[r] = inputs + ((long)(row + r) * depth);
                float* target = products + ((long)row * columns);
                TileKernels.Compute<T>(
                    panel.Vectors, count, rows, taps: 1, depth, weights, target, columns, bias: null, add: null, relu: false,
                    Ahead.Of(weights, (long)depth * width, width, depth, tile, tiling.Count));
            }
        }
    }

    /// <summary>Writes <c>Aᵀ m A</c> of some tiles, with bias, sum and ReLU.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void TransformOutput(in WinogradBlock block, Range tiles)
    {
        var g = block.Convolution.Geometry;
        var epilogue = block.Convolution.Epilogue;
        int size = block.Size, columns = g.OutputPitch;
        byte* memory = stackalloc byte[Memory(WinogradTransforms<T>.Elements + (size * size))];
        T* rows = Align(memory), sums = rows + WinogradTransforms<T>.Elements;
        for (int t = tiles.Start.Value; t < tiles.End.Value; t++)
        {
            var (image, top, left) = block.PlaceOf(t);
            int height = Math.Min(size, g.OutputHeight - top), width = Math.Min(size, g.OutputWidth - left);
            for (int c = 0; c < columns; c += T.Count)
            {
                float* source = (float*)block.Products + ((long)t * columns) + c;
                if (size == 4) WinogradTransforms<T>.Output4(source, block.ProductStep, sums, rows);
                else WinogradTransforms<T>.Output2(source, block.ProductStep, sums, rows);
                var bias = T.Load(epilogue.BiasOf(c));
                for (int y = 0; y < height; y++)
                {
                    long place = ((((((long)image * g.OutputHeight) + top + y) * g.OutputWidth) + left) * columns) + c;
                    for (int x = 0; x < width; x++, place += columns)
                    {
                        var value = sums[(y * size) + x] + bias;
                        if (epilogue.Add != 0) value += T.Load((float*)epilogue.Add + place);
                        if (epilogue.Relu) value = T.Max(T.Zero, value);
                        T.Store(value, (float*)block.Convolution.Output + place);
                    }
                }
            }
        }
    }

    // Vectors that lie in two cache lines take twice as long.
    private static int Memory(int vectors) => (vectors * sizeof(T)) + Ahead.CacheLine - 1;

    private static T* Align(byte* memory) => (T*)(((nint)memory + Ahead.CacheLine - 1) & -Ahead.CacheLine);
}
