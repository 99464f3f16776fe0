using System.Runtime.CompilerServices;
using ResNet.Core.Inspection;
using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Steps;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;

namespace ResNet.Core.Passes.Convolutions;

/// <summary>
/// The gradient of a convolution for its weights, directly: a product of matrices whose rows are pixels. Where pixels have many channels,
/// those of a tile are copied side by side first: at the same distance, they would share few places of the caches.
/// </summary>
internal sealed unsafe class WeightGradient : IWeightGradient
{
    // Some channels of a block's pixels, of the input and of the gradient, stay in the first-level cache.
    private const int PixelsOfBlock = 224, PixelsOfWideBlock = 112, WidePanel = 64;
    private const int PartsOfThread = 4;

    // The gradients of a block for so many output channels stay in the second-level cache.
    private const int CopiedColumns = 256;

    // Pixels of fewer channels are read where they are.
    private const int LeastCopied = 64;

    // So much stays in the third-level cache.
    private const long CachedFloats = 1 << 20;

    private readonly PassKernels _kernels;
    private readonly Geometry _geometry;
    private readonly int _depth;
    private readonly nint _input;
    private readonly nint _gradient;
    private readonly List<Unit> _units = [];
    // Those of the first tap.
    private readonly List<Unit> _tiles = [];
    private readonly NativeBuffer _sums;
    private readonly NativeBuffer _copies;
    private readonly int _pixelsOfBlock;
    private readonly bool _copiesInput;
    private readonly bool _copiesGradient;
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
        int run = 0, firstColumn = 0, lastVectors = 0;
        foreach (var (column, vectors) in set.Columns(geometry.OutputPitch))
        {
            // Panels of a run read the same channels of the input.
            bool isNew = groups > 1 || vectors != lastVectors || column + (vectors * _lanes) - firstColumn > CopiedColumns;
            if (isNew) (run, firstColumn) = (run + 1, column);
            lastVectors = vectors;
            // The input channels of the groups that a panel has outputs of.
            int end = Math.Min(column + (vectors * _lanes), outputs);
            int firstGroup = column / _outputsOfGroup, endGroup = column < end ? ((end - 1) / _outputsOfGroup) + 1 : firstGroup;
            foreach (var (channel, rows) in Tiles((endGroup - firstGroup) * depth, vectors))
            {
                _tiles.Add(new Unit(run, column - firstColumn, column, vectors, 0, (firstGroup * depth) + channel, rows, place));
                for (int tap = 0; tap < geometry.Taps; tap++)
                {
                    _units.Add(new Unit(run, column - firstColumn, column, vectors, tap, (firstGroup * depth) + channel, rows, place));
                    place += (long)rows * vectors * _lanes;
                }
            }
        }
        // All panels of a run follow each other, with the same channels of a tap.
        _units = [.. _units.OrderBy(unit => unit.Run).ThenBy(unit => unit.Channel).ThenBy(unit => unit.Tap).ThenBy(unit => unit.Column)];
        (_sums, _copies) = (memory.Sums, memory.Tiles);
        if (place > _sums.Length) throw new InvalidOperationException("A gradient needs more memory than there is.");
        // A block is some rows of an image, or some images.
        int most = PixelsOf(set);
        _rowsOfBlock = Math.Clamp(most / geometry.OutputWidth, 1, geometry.OutputHeight);
        _imagesOfBlock = Math.Clamp(most / (geometry.OutputHeight * geometry.OutputWidth), 1, geometry.Images);
        _pixelsOfBlock = _imagesOfBlock * _rowsOfBlock * geometry.OutputWidth;
        // A single panel reads each pixel of the input once.
        _copiesInput = geometry.Pitch >= LeastCopied && geometry.OutputPitch > set.Lanes * set.MaximumVectors;
        _copiesGradient = geometry.OutputPitch >= LeastCopied;
        // A part reads all pixels, so there are few parts if the maps do not stay in the caches.
        long floats = ((long)geometry.Images * geometry.Height * geometry.Width * geometry.Pitch)
            + ((long)geometry.Pixels * geometry.OutputPitch);
        int parts = Math.Min(_units.Count, floats > CachedFloats ? threads : PartsOfThread * threads);
        if (FloatsOfCopies(geometry, set, threads) > _copies.Length)
            throw new InvalidOperationException("A gradient needs more memory for its copies than there is.");
        _work = new UnitsWork(this, parts, threads);
    }

    public void Compute(PassThreads threads, float* target)
    {
        threads.Run(_work, TrainingWorkKind.WeightGradient);
        var write = RowsWork.Of(_tiles.Count, _threads, tiles =>
        {
            for (int tile = tiles.Start.Value; tile < tiles.End.Value; tile++) Write(target, _tiles[tile]);
        });
        threads.Run(write, TrainingWorkKind.WeightGradient);
    }

    /// <summary>The memory that it needs for copies.</summary>
    internal static long FloatsOfCopies(in Geometry geometry, KernelSet set, int threads) =>
        threads * FloatsOfThread(Math.Max(PixelsOf(set), geometry.OutputWidth));

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

    private static int PixelsOf(KernelSet set) => set.Lanes * set.MaximumVectors >= WidePanel ? PixelsOfWideBlock : PixelsOfBlock;

    private static long FloatsOfThread(int pixels) => (long)pixels * (CopiedColumns + GradientTiles.RowsOfNarrow);

    // Writes the sums of some input channels, for all taps.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(float* target, in Unit first)
    {
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

    private void Compute(Range units, int thread)
    {
        float* copies = _copies.Address + (thread * FloatsOfThread(_pixelsOfBlock));
        for (int begin = units.Start.Value, end; begin < units.End.Value; begin = end)
        {
            end = begin;
            while (end < units.End.Value && _units[end].Run == _units[begin].Run)
            {
                var unit = _units[end++];
                new Span<float>(_sums.Address + unit.Place, unit.Rows * unit.Vectors * _lanes).Clear();
            }
            ComputeRun(begin..end, copies);
        }
    }

    private void ComputeRun(Range units, float* copies)
    {
        var g = _geometry;
        // Whether the gradients of a panel are copied, by its place among the columns of the run.
        Span<bool> areCopied = stackalloc bool[CopiedColumns];
        for (int image = 0; image < g.Images; image += _imagesOfBlock)
        {
            int images = Math.Min(_imagesOfBlock, g.Images - image);
            for (int row = 0; row < g.OutputHeight; row += _rowsOfBlock)
            {
                var block = new Block(image, images, row, Math.Min(row + _rowsOfBlock, g.OutputHeight));
                areCopied.Clear();
                var (tap, channel) = (-1, -1);
                var pairs = default(PixelPairs);
                for (int i = units.Start.Value; i < units.End.Value; i++)
                {
                    var unit = _units[i];
                    if (unit.Tap != tap || unit.Channel != channel)
                    {
                        (tap, channel) = (unit.Tap, unit.Channel);
                        pairs = InputOf(unit, block, copies + ((long)_pixelsOfBlock * CopiedColumns));
                    }
                    if (pairs.Pixels == 0) continue;
                    var both = WithGradient(pairs, unit, block, areCopied, copies + ((long)_pixelsOfBlock * unit.Offset));
                    _kernels.AddProducts(unit.Rows, unit.Vectors, both, _sums.Address + unit.Place);
                }
            }
        }
    }

    // The pixels of the input that a tap lies on; without pixels if there are none in the block.
    private PixelPairs InputOf(in Unit unit, in Block block, float* copy)
    {
        var g = _geometry;
        var (firstRow, endRow, firstColumn, endColumn) = PlaceOf(unit, block);
        if (firstRow >= endRow || firstColumn >= endColumn) return default;
        var (tapRow, tapColumn) = Math.DivRem(unit.Tap, g.KernelWidth);
        long y = (firstRow * g.Stride) + (tapRow * g.Dilation) - g.Padding;
        long x = (firstColumn * g.Stride) + (tapColumn * g.Dilation) - g.Padding;
        nint row = (nint)g.Width * g.Pitch;
        var pairs = new PixelPairs
        {
            Images = block.Images, Rows = endRow - firstRow, Pixels = endColumn - firstColumn,
            Input = (float*)_input + ((((long)block.Image * g.Height) + y) * row) + (x * g.Pitch) + unit.Channel,
            InputPixel = g.Stride * g.Pitch, InputRow = g.Stride * row, InputImage = g.Height * row,
            Gradient = null, GradientPixel = 0, GradientRow = 0, GradientImage = 0,
        };
        if (!_copiesInput) return pairs;
        nint rowOfCopy = (nint)pairs.Pixels * unit.Rows;
        float* target = copy;
        for (int n = 0; n < pairs.Images; n++)
        {
            for (int r = 0; r < pairs.Rows; r++, target += rowOfCopy)
            {
                float* source = pairs.Input + (n * pairs.InputImage) + (r * pairs.InputRow);
                _kernels.Copy(source, pairs.InputPixel, pairs.Pixels, unit.Rows, target);
            }
        }
        return pairs with { Input = copy, InputPixel = unit.Rows, InputRow = rowOfCopy, InputImage = pairs.Rows * rowOfCopy };
    }

    private PixelPairs WithGradient(in PixelPairs pairs, in Unit unit, in Block block, Span<bool> areCopied, float* copy)
    {
        var g = _geometry;
        var (firstRow, _, firstColumn, _) = PlaceOf(unit, block);
        long line = ((long)block.Image * g.OutputHeight) + block.Row;
        float* gradient = (float*)_gradient + (line * g.OutputWidth * g.OutputPitch) + unit.Column;
        nint pixel = g.OutputPitch, rows = g.OutputHeight;
        if (_copiesGradient)
        {
            int width = unit.Vectors * _lanes;
            // A block of several images has all their rows.
            rows = block.End - block.Row;
            if (!areCopied[unit.Offset])
                _kernels.Copy(gradient, pixel, block.Images * (int)rows * g.OutputWidth, width, copy);
            areCopied[unit.Offset] = true;
            gradient = copy;
            pixel = width;
        }
        return pairs with
        {
            Gradient = gradient + ((((nint)(firstRow - block.Row) * g.OutputWidth) + firstColumn) * pixel),
            GradientPixel = pixel,
            GradientRow = g.OutputWidth * pixel,
            GradientImage = rows * g.OutputWidth * pixel,
        };
    }

    // The pixels of a block whose tap lies on the map.
    private (int FirstRow, int EndRow, int FirstColumn, int EndColumn) PlaceOf(in Unit unit, in Block block)
    {
        var g = _geometry;
        var (tapRow, tapColumn) = Math.DivRem(unit.Tap, g.KernelWidth);
        var (firstRow, endRow) = Inside(g.OutputHeight, g.Height, (tapRow * g.Dilation) - g.Padding, g.Stride);
        var (firstColumn, endColumn) = Inside(g.OutputWidth, g.Width, (tapColumn * g.Dilation) - g.Padding, g.Stride);
        return (Math.Max(block.Row, firstRow), Math.Min(block.End, endRow), firstColumn, endColumn);
    }

    // The pixels of the output whose tap lies on the map.
    private static (int First, int End) Inside(int output, int input, int offset, int stride)
    {
        int first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
        int end = input - 1 - offset < 0 ? 0 : Math.Min(((input - 1 - offset) / stride) + 1, output);
        return (first, end);
    }

    // A tile of the sums: some input channels of a tap, times some vectors of output channels. The offset is that of the column from the
    // first one of the run.
    private readonly record struct Unit(int Run, int Offset, int Column, int Vectors, int Tap, int Channel, int Rows, long Place);

    // Some rows of an image, or some images.
    private readonly record struct Block(int Image, int Images, int Row, int End);

    private sealed class UnitsWork(WeightGradient gradient, int parts, int threads) : Work(parts, threads)
    {
        private protected override void Compute(int part, int thread)
        {
            int count = gradient._units.Count;
            gradient.Compute((int)((long)count * part / Parts)..(int)((long)count * (part + 1) / Parts), thread);
        }
    }
}
