using System.Runtime.CompilerServices;
using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Profiles;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;

namespace ResNet.Core.Passes.Steps;

/// <summary>
/// The gradient of a 3×3 convolution for its weights by the reverse of Winograd's algorithm for tiles of 4×4: tiles of the input and of the
/// output's gradient are transformed, each element of the one is multiplied by the same element of the other, and the sums over all tiles
/// are transformed to the nine taps. That takes 36 products for a tile in place of 144.
/// </summary>
internal sealed unsafe class WinogradWeightGradient : IWeightGradient
{
    private const int Size = 4, Elements = 36, Taps = 9;

    // Gradients of so many tiles stay in the first-level cache, for a panel.
    private const int CachedTiles = 112;

    // Transformed tiles of a block, in floats.
    private const long FloatsOfBlock = 2 << 20;

    // To write a sum and to transform it later takes as long as so many products.
    private const int SumCost = 80, TransformCost = 6;

    private readonly PassKernels _kernels;
    private readonly PassMap _input;
    private readonly PassMap _output;
    private readonly List<Unit> _units = [];
    private readonly NativeBuffer _sums;
    private readonly long _element;
    private readonly int _lanes;
    private readonly int _threads;
    private readonly List<Work> _works = [];

    internal WinogradWeightGradient(
        PassKernels kernels, KernelSet set, in Geometry geometry, PassMap input, PassMap output, PassMemory memory, int threads)
    {
        (_kernels, _input, _output, _lanes, _threads) = (kernels, input, output, set.Lanes, threads);
        int depth = input.Pitch, columns = output.Pitch, tiles = WinogradBlock.TilesOf(geometry, Size);
        long place = 0;
        foreach (var (column, vectors) in set.Columns(columns))
        {
            foreach (var (channel, rows) in WeightGradient.Tiles(depth, vectors))
            {
                _units.Add(new Unit(column, vectors, channel, rows, place));
                place += (long)rows * vectors * _lanes;
            }
        }
        _element = place;
        _sums = memory.Sums;
        if (Elements * _element > _sums.Length) throw new InvalidOperationException("A gradient needs more memory than there is.");
        var convolution = new Convolution<float, Epilogue>
        {
            Geometry = geometry, Input = (nint)input.Data, Output = 0, Zeros = (nint)memory.Zeros.Address, Depth = depth, Weights = 0,
            Panels = [], Epilogue = default,
        };
        int tilesOfBlock = TilesOfBlock(geometry);
        for (int first = 0; first < tiles; first += tilesOfBlock)
        {
            var block = new WinogradBlock(convolution, Size, first..Math.Min(first + tilesOfBlock, tiles), (nint)memory.Tiles.Address);
            bool adds = first > 0;
            _works.Add(RowsWork.Of(block.Count, threads, part => set.TransformInput(block, part)));
            _works.Add(RowsWork.Of(block.Count, threads, part => kernels.TransformGradient(block, output.Gradient, part)));
            _works.Add(RowsWork.Of(Elements * _units.Count, threads, part => Multiply(block, adds, part)));
        }
    }

    /// <summary>Whether it takes less time than to compute the gradient directly.</summary>
    internal static bool IsFaster(in Geometry geometry)
    {
        if (geometry is not { KernelHeight: 3, KernelWidth: 3, Stride: 1, Dilation: 1, Padding: 1 }) return false;
        double weights = (double)geometry.Pitch * geometry.OutputPitch, tiles = WinogradBlock.TilesOf(geometry, Size);
        double transforms = TransformCost * tiles * (geometry.Pitch + geometry.OutputPitch);
        return Elements * ((tiles * weights) + (SumCost * weights) + transforms) < Taps * geometry.Pixels * weights;
    }

    /// <summary>The memory for tiles that it needs.</summary>
    internal static long ScratchOf(in Geometry geometry) =>
        IsFaster(geometry) ? WinogradBlock.Floats(Size, TilesOfBlock(geometry), geometry.Pitch, geometry.OutputPitch) : 0;

    public void Compute(PassThreads threads, float* target)
    {
        threads.Run(_works, WorkKind.WeightGradient);
        var write = RowsWork.Of(_units.Count, _threads, units =>
        {
            for (int unit = units.Start.Value; unit < units.End.Value; unit++) Write(_units[unit], target);
        });
        threads.Run(write, WorkKind.WeightGradient);
    }

    private static int TilesOfBlock(in Geometry geometry)
    {
        int tiles = WinogradBlock.TilesOf(geometry, Size);
        long most = Math.Max(FloatsOfBlock / (Elements * (geometry.Pitch + geometry.OutputPitch)), CachedTiles);
        return Division.Ratio(tiles, Division.Ratio(tiles, (int)Math.Min(most, tiles)));
    }

    private void Multiply(in WinogradBlock block, bool adds, Range units)
    {
        int begin = units.Start.Value;
        while (begin < units.End.Value)
        {
            // Units of one element and panel, which read the same gradients.
            var (element, first) = Math.DivRem(begin, _units.Count);
            int end = first, most = Math.Min(_units.Count, first + units.End.Value - begin);
            while (end < most && _units[end].Column == _units[first].Column) end++;
            var last = _units[end - 1];
            float* sums = _sums.Address + (element * _element);
            if (!adds)
            {
                long floats = last.Place + ((long)last.Rows * last.Vectors * _lanes) - _units[first].Place;
                new Span<float>(sums + _units[first].Place, (int)floats).Clear();
            }
            for (int tile = 0; tile < block.Count; tile += CachedTiles)
            {
                int tiles = Math.Min(CachedTiles, block.Count - tile);
                for (int i = first; i < end; i++)
                {
                    var unit = _units[i];
                    var pairs = new PixelPairs
                    {
                        Images = 1, Rows = 1, Pixels = tiles,
                        Input = (float*)block.Inputs + (element * block.InputStep) + ((long)tile * _input.Pitch) + unit.Channel,
                        InputPixel = _input.Pitch, InputRow = 0, InputImage = 0,
                        Gradient = (float*)block.Products + (element * block.ProductStep) + ((long)tile * _output.Pitch) + unit.Column,
                        GradientPixel = _output.Pitch, GradientRow = 0, GradientImage = 0,
                    };
                    _kernels.AddProducts(unit.Rows, unit.Vectors, pairs, sums + unit.Place);
                }
            }
            begin += end - first;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(in Unit unit, float* target)
    {
        int width = unit.Vectors * _lanes, inputs = _input.Shape.Channels, rows = Math.Min(unit.Rows, inputs - unit.Channel);
        int outputs = Math.Min(width, _output.Shape.Channels - unit.Column);
        float* taps = stackalloc float[unit.Rows * Taps * width];
        for (int r = 0; r < rows; r++)
        {
            _kernels.TransformSums(
                _sums.Address + unit.Place + ((long)r * width), _element, width, taps + (r * Taps * width));
        }
        int numbers = rows * Taps;
        for (int lane = 0; lane < outputs; lane++)
        {
            float* weights = target + ((((long)(unit.Column + lane) * inputs) + unit.Channel) * Taps);
            for (int i = 0; i < numbers; i++) weights[i] = taps[(i * width) + lane];
        }
    }

    // A tile of the sums of each element: some input channels times some vectors of output channels.
    private readonly record struct Unit(int Column, int Vectors, int Channel, int Rows, long Place);
}
