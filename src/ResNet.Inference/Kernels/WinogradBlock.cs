using System.Runtime.CompilerServices;
using ResNet.Inference.Vectors;

namespace ResNet.Inference.Kernels;

/// <summary>
/// Winograd's minimal filtering (Lavin and Gray 2015, https://arxiv.org/abs/1509.09308) for some tiles of a map and some output channels:
/// F(2×2, 3×3) with 16 products in place of 36 for each tile, channel in and channel out, or F(4×4, 3×3) with 36 in place of 144.
/// Between the transforms are as many matrix products as a transformed tile has elements.
/// </summary>
/// <remarks>The transformed tiles of a block stay in the second-level cache between the three passes.</remarks>
internal readonly unsafe ref struct WinogradBlock<T>
    where T : unmanaged, IVector<T>
{
    private readonly ref readonly Convolution<float, Epilogue> _convolution;
    private readonly int _size;
    private readonly int _first;
    private readonly int _count;
    private readonly int _firstPanel;
    private readonly int _endPanel;
    private readonly int _firstColumn;
    private readonly int _columns;
    private readonly long _inputStep;
    private readonly long _productStep;
    private readonly float* _inputs;
    private readonly float* _products;

    internal WinogradBlock(in Convolution<float, Epilogue> convolution, int size, Range tiles, Range panels, float* scratch)
    {
        _convolution = ref convolution;
        _size = size;
        (_first, _count) = (tiles.Start.Value, tiles.End.Value - tiles.Start.Value);
        (_firstPanel, _endPanel) = (panels.Start.Value, panels.End.Value);
        _firstColumn = convolution.Panels[_firstPanel].Column;
        var last = convolution.Panels[_endPanel - 1];
        _columns = last.Column + (last.Vectors * T.Count) - _firstColumn;
        _inputs = scratch;
        (_inputStep, _productStep) = (KernelSet.WinogradStep(_count, convolution.Depth), KernelSet.WinogradStep(_count, _columns));
        _products = scratch + (Elements * _inputStep);
    }

    // The side of a transformed tile, and its elements.
    private int Side => _size + 2;

    private int Elements => Side * Side;

    private int Across => (_convolution.Geometry.OutputWidth + _size - 1) / _size;

    private int Down => (_convolution.Geometry.OutputHeight + _size - 1) / _size;

    /// <summary>Writes <c>Bᵀ d B</c> of each tile: <c>[elements, tiles, channels]</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void TransformInput()
    {
        float** pixels = stackalloc float*[Elements];
        for (int t = 0; t < _count; t++)
        {
            var (image, top, left) = Place(t);
            int padding = _convolution.Geometry.Padding;
            for (int i = 0; i < Elements; i++)
                pixels[i] = _convolution.Pixel(image, top + (i / Side) - padding, left + (i % Side) - padding);
            float* target = _inputs + ((long)t * _convolution.Depth);
            if (_size == 4) WinogradTransforms<T>.Input4(pixels, _convolution.Depth, target, _inputStep);
            else WinogradTransforms<T>.Input2(pixels, _convolution.Depth, target, _inputStep);
        }
    }

    /// <summary>
    /// Multiplies the tiles by the weights, element by element of the transformed tile: <c>[elements, tiles, columns]</c>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Multiply()
    {
        int depth = _convolution.Depth;
        var tiling = new Tiling(_count);
        float** rows = stackalloc float*[TileKernels.Rows];
        // The transformed weights of an element are all panels, one after the other.
        long all = 0;
        foreach (ref readonly var panel in _convolution.Panels.AsSpan()) all += (long)panel.Vectors * T.Count * depth;
        for (int element = 0; element < Elements; element++)
        {
            float* inputs = _inputs + (element * _inputStep);
            float* products = _products + (element * _productStep);
            for (int p = _firstPanel; p < _endPanel; p++)
            {
                ref readonly var panel = ref _convolution.Panels[p];
                float* weights = (float*)_convolution.Weights + (element * all) + panel.Weights;
                for (int tile = 0; tile < tiling.Count; tile++)
                {
                    int row = tiling.First(tile), count = tiling.RowsOf(tile);
                    for (int r = 0; r < count; r++) rows[r] = inputs + ((long)(row + r) * depth);
                    float* target = products + ((long)row * _columns) + (panel.Column - _firstColumn);
                    TileKernels.Compute<T>(
                        panel.Vectors, count, rows, taps: 1, depth, weights, target, _columns, bias: null, add: null, relu: false);
                }
            }
        }
    }

    /// <summary>Writes <c>Aᵀ m A</c> of each tile, with bias, sum and ReLU.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void TransformOutput()
    {
        var g = _convolution.Geometry;
        var epilogue = _convolution.Epilogue;
        float* sums = stackalloc float[_size * _size * T.Count];
        for (int t = 0; t < _count; t++)
        {
            var (image, top, left) = Place(t);
            int height = Math.Min(_size, g.OutputHeight - top), width = Math.Min(_size, g.OutputWidth - left);
            for (int c = 0; c < _columns; c += T.Count)
            {
                float* source = _products + ((long)t * _columns) + c;
                if (_size == 4) WinogradTransforms<T>.Output4(source, _productStep, sums);
                else WinogradTransforms<T>.Output2(source, _productStep, sums);
                var bias = T.Load(epilogue.BiasOf(_firstColumn + c));
                for (int y = 0; y < height; y++)
                {
                    long place = ((((((long)image * g.OutputHeight) + top + y) * g.OutputWidth) + left) * g.OutputPitch) + _firstColumn + c;
                    for (int x = 0; x < width; x++, place += g.OutputPitch)
                    {
                        var value = T.Load(sums + (((y * _size) + x) * T.Count)) + bias;
                        if (epilogue.Add != 0) value += T.Load((float*)epilogue.Add + place);
                        if (epilogue.Relu) value = T.Max(T.Zero, value);
                        T.Store(value, (float*)_convolution.Output + place);
                    }
                }
            }
        }
    }

    // The image of a tile, and its first pixel.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int Image, int Top, int Left) Place(int tile)
    {
        var (line, x) = Math.DivRem(_first + tile, Across);
        var (image, y) = Math.DivRem(line, Down);
        return (image, y * _size, x * _size);
    }
}
