using System.Runtime.CompilerServices;
using ResNet.Core.Inspection;
using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Steps;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;

namespace ResNet.Core.Passes.Convolutions;

/// <summary>The gradient of a convolution for its weights, directly.</summary>
internal sealed unsafe class WeightGradient : IWeightGradient
{
    // The gradients of a block's pixels stay in the first-level cache, for a panel, while its weights are computed.
    private const int PixelsOfBlock = 112;
    private const int PartsOfThread = 4;

    // So much stays in the third-level cache.
    private const long CachedFloats = 1 << 20;

    private readonly PassKernels _kernels;
    private readonly Geometry _geometry;
    private readonly int _depth;
    private readonly nint _input;
    private readonly nint _gradient;
    private readonly List<Unit> _units = [];
    private readonly NativeBuffer _sums;
    private readonly int _imagesOfBlock;
    private readonly int _rowsOfBlock;
    private readonly int _lanes;
    private readonly int _outputs;
    private readonly int _outputsOfGroup;
    private readonly int[] _places;
    private readonly int _threads;
    private readonly long _weightsOfOutput;
    private readonly Work _work;

    /// <param name="kernels">The kernels.</param>
    /// <param name="set">The kernels of inference, which divide the output channels into panels.</param>
    /// <param name="geometry">The convolution.</param>
    /// <param name="depth">The input channels of a tap, in a group.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="input">The input.</param>
    /// <param name="gradient">The gradient of the output.</param>
    /// <param name="outputs">The output channels.</param>
    /// <param name="places">
    /// The place of each tap and input channel <c>[taps, depth]</c> among the weights of an output channel; -1 for none.
    /// </param>
    /// <param name="memory">Memory that all layers use.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal WeightGradient(
        PassKernels kernels, KernelSet set, in Geometry geometry, int depth, int groups, nint input, nint gradient, int outputs,
        int[] places, PassMemory memory, int threads)
    {
        (_kernels, _geometry, _depth, _input, _gradient, _lanes) = (kernels, geometry, depth, input, gradient, set.Lanes);
        (_outputs, _places, _threads, _weightsOfOutput) = (outputs, places, threads, places.Max() + 1);
        _outputsOfGroup = outputs / groups;
        long place = 0;
        foreach (var (column, vectors) in set.Columns(geometry.OutputPitch))
        {
            // The input channels of the groups that a panel has outputs of.
            int end = Math.Min(column + (vectors * _lanes), outputs);
            int firstGroup = column / _outputsOfGroup, endGroup = column < end ? ((end - 1) / _outputsOfGroup) + 1 : firstGroup;
            foreach (var (channel, rows) in Tiles((endGroup - firstGroup) * depth, vectors))
            {
                for (int tap = 0; tap < geometry.Taps; tap++)
                {
                    _units.Add(new Unit(column, vectors, tap, (firstGroup * depth) + channel, rows, place));
                    place += (long)rows * vectors * _lanes;
                }
            }
        }
        _sums = memory.Sums;
        if (place > _sums.Length) throw new InvalidOperationException("A gradient needs more memory than there is.");
        // A block is some rows of an image, or some images.
        _rowsOfBlock = Math.Clamp(PixelsOfBlock / geometry.OutputWidth, 1, geometry.OutputHeight);
        _imagesOfBlock = Math.Clamp(PixelsOfBlock / (geometry.OutputHeight * geometry.OutputWidth), 1, geometry.Images);
        // A part reads all pixels, so there are few parts if the maps do not stay in the caches.
        long floats = ((long)geometry.Images * geometry.Height * geometry.Width * geometry.Pitch)
            + ((long)geometry.Pixels * geometry.OutputPitch);
        int parts = Math.Min(_units.Count, floats > CachedFloats ? threads : PartsOfThread * threads);
        _work = new RowsWork(_units.Count, Division.Ratio(_units.Count, parts), threads, Compute);
    }

    public void Compute(PassThreads threads, float* target)
    {
        threads.Run(_work, TrainingWorkKind.WeightGradient);
        var write = RowsWork.Of(_units.Count / _geometry.Taps, _threads, tiles =>
        {
            for (int tile = tiles.Start.Value; tile < tiles.End.Value; tile++) Write(target, tile * _geometry.Taps);
        });
        threads.Run(write, TrainingWorkKind.WeightGradient);
    }

    /// <summary>Divides the input channels of a tap into the rows of tiles.</summary>
    internal static IEnumerable<(int Channel, int Rows)> Tiles(int depth, int vectors)
    {
        if (vectors == 1 && depth % GradientTiles.RowsOfNarrow == 0)
        {
            const int Rows = GradientTiles.RowsOfNarrow;
            for (int channel = 0; channel < depth; channel += Rows) yield return (channel, Rows);
            yield break;
        }
        var tiling = new Tiling(depth);
        for (int tile = 0; tile < tiling.Count; tile++) yield return (tiling.First(tile), tiling.RowsOf(tile));
    }

    // Writes the sums of some input channels, for all taps.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(float* target, int firstUnit)
    {
        var first = _units[firstUnit];
        int taps = _geometry.Taps, rows = first.Rows, width = first.Vectors * _lanes, outputs = Math.Min(width, _outputs - first.Column);
        float* source = _sums.Address + first.Place;
        int* places = stackalloc int[taps * rows];
        int known = -1;
        for (int lane = 0; lane < outputs; lane++)
        {
            int group = (first.Column + lane) / _outputsOfGroup;
            if (group != known)
            {
                for (int i = 0; i < taps * rows; i++)
                {
                    int channel = first.Channel + (i % rows) - (group * _depth);
                    places[i] = channel >= 0 && channel < _depth ? _places[(i / rows * _depth) + channel] : -1;
                }
                known = group;
            }
            float* weights = target + ((first.Column + lane) * _weightsOfOutput);
            for (int i = 0; i < taps * rows; i++)
            {
                if (places[i] >= 0) weights[places[i]] = source[((long)i * width) + lane];
            }
        }
    }

    private void Compute(Range units)
    {
        var g = _geometry;
        var first = _units[units.Start.Value];
        var last = _units[units.End.Value - 1];
        System.Runtime.InteropServices.NativeMemory.Clear(
            _sums.Address + first.Place, (nuint)(last.Place + ((long)last.Rows * last.Vectors * _lanes) - first.Place) * sizeof(float));
        for (int image = 0; image < g.Images; image += _imagesOfBlock)
        {
            int images = Math.Min(_imagesOfBlock, g.Images - image);
            for (int row = 0; row < g.OutputHeight; row += _rowsOfBlock)
            {
                int end = Math.Min(row + _rowsOfBlock, g.OutputHeight);
                for (int i = units.Start.Value; i < units.End.Value; i++) Compute(_units[i], image, images, row, end);
            }
        }
    }

    private void Compute(in Unit unit, int image, int images, int row, int end)
    {
        var g = _geometry;
        var (tapRow, tapColumn) = Math.DivRem(unit.Tap, g.KernelWidth);
        var (firstRow, endRow) = Inside(g.OutputHeight, g.Height, (tapRow * g.Dilation) - g.Padding, g.Stride);
        var (firstColumn, endColumn) = Inside(g.OutputWidth, g.Width, (tapColumn * g.Dilation) - g.Padding, g.Stride);
        (firstRow, endRow) = (Math.Max(row, firstRow), Math.Min(end, endRow));
        if (firstRow >= endRow || firstColumn >= endColumn) return;
        long y = (firstRow * g.Stride) + (tapRow * g.Dilation) - g.Padding;
        long x = (firstColumn * g.Stride) + (tapColumn * g.Dilation) - g.Padding;
        nint inputRow = (nint)g.Width * g.Pitch, gradientRow = (nint)g.OutputWidth * g.OutputPitch;
        var pairs = new PixelPairs
        {
            Images = images, Rows = endRow - firstRow, Pixels = endColumn - firstColumn,
            Input = (float*)_input + (((long)image * g.Height) + y) * inputRow + (x * g.Pitch) + unit.Channel,
            InputPixel = g.Stride * g.Pitch, InputRow = g.Stride * inputRow, InputImage = g.Height * inputRow,
            Gradient = (float*)_gradient + ((((long)image * g.OutputHeight) + firstRow) * gradientRow)
                + ((long)firstColumn * g.OutputPitch) + unit.Column,
            GradientPixel = g.OutputPitch, GradientRow = gradientRow, GradientImage = g.OutputHeight * gradientRow,
        };
        _kernels.AddProducts(unit.Rows, unit.Vectors, pairs, _sums.Address + unit.Place);
    }

    // The pixels of the output whose tap lies on the map.
    private static (int First, int End) Inside(int output, int input, int offset, int stride)
    {
        int first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
        int end = input - 1 - offset < 0 ? 0 : Math.Min(((input - 1 - offset) / stride) + 1, output);
        return (first, end);
    }

    // A tile of the sums: some input channels of a tap, times some vectors of output channels.
    private readonly record struct Unit(int Column, int Vectors, int Tap, int Channel, int Rows, long Place);
}
