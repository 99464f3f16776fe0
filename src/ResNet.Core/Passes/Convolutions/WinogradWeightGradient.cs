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
/// The gradient of a 3×3 convolution for its weights by the reverse of Winograd's algorithm for tiles of 4×4: tiles of the input and of the
/// output's gradient are transformed, each element of the one is multiplied by the same element of the other, and the sums over all tiles
/// are transformed to the nine taps. That takes 36 products for a tile in place of 144.
/// </summary>
internal sealed unsafe class WinogradWeightGradient : IWeightGradient
{
    private const int Size = 4, Elements = 36, Taps = 9;

    // The most floats of a vector.
    private const int MostLanes = 16;

    // Gradients of so many tiles stay in the first-level cache, for a panel.
    private const int CachedTiles = 112;

    // If all transformed tiles are no more floats, the sums of a group of weights are computed and transformed at once. Otherwise there are
    // blocks of tiles, and the sums of all weights wait in memory.
    private const long FloatsOfOnlyBlock = 5 << 20, FloatsOfBlock = 2 << 20;

    // The units of a group, whose sums stay in the second-level cache: those of the channels that lie together.
    private const int UnitsOfGroup = 3;

    // So few weights have sums of their own for each of a fixed number of slices of the tiles, for any number of threads. A thread then
    // transforms some tiles at a time, which stay in its second-level cache.
    private const int Slices = 8;
    private const long WeightsOfSlices = 1024, FloatsOfPart = 40 * 1024;

    // To write a sum and to transform it later takes as long as so many products.
    private const int SumCost = 80, TransformCost = 6;

    private readonly PassKernels _kernels;
    private readonly PassMap _input;
    private readonly PassMap _output;
    private readonly List<Unit> _units = [];
    private readonly NativeBuffer _sums;
    private readonly long _element;
    private readonly int _lanes;
    private readonly Panel[] _panels;
    private readonly List<Work> _works = [];

    // The first unit of each group, and the end of the last one; empty if there are several blocks.
    private readonly List<int> _groups = [];
    private float* _target;

    internal WinogradWeightGradient(
        PassKernels kernels, KernelSet set, in Geometry geometry, PassMap input, PassMap output, PassMemory memory, int threads)
    {
        (_kernels, _input, _output, _lanes) = (kernels, input, output, set.Lanes);
        int depth = input.Pitch, columns = output.Pitch, tiles = WinogradBlock.TilesOf(geometry, Size);
        long place = 0;
        foreach (var (column, vectors) in set.Columns(columns))
        {
            for (int first = 0; first < depth; first += KernelSet.Alignment)
            {
                foreach (var (channel, rows) in WeightGradient.Tiles(KernelSet.Alignment, vectors))
                {
                    _units.Add(new Unit(column, vectors, first + channel, rows, place));
                    place += (long)rows * vectors * _lanes;
                }
            }
        }
        _element = place;
        _sums = memory.Sums;
        var convolution = new Convolution<float, Epilogue>
        {
            Geometry = geometry, Input = (nint)input.Data, Output = 0, Zeros = (nint)memory.Zeros.Address, Depth = depth, Weights = 0,
            Panels = [], Epilogue = default,
        };
        if (FloatsOfSums(geometry, threads) > _sums.Length)
            throw new InvalidOperationException("A gradient needs more memory than there is.");
        _panels = [.. set.Columns(columns).Select(panel => new Panel(panel.Column, panel.Vectors, 0, 0))];
        if (HasSlices(geometry))
        {
            int ofPart = TilesOfPart(geometry);
            _works.Add(new SliceWork(
                this, set, convolution, tiles, ofPart, (nint)memory.Tiles.Address, FloatsOf(ofPart, geometry), threads));
            _works.Add(RowsWork.Of(_units.Count, threads, WriteSlices));
            return;
        }
        int tilesOfBlock = TilesOfBlock(geometry);
        for (int first = 0; first < tiles; first += tilesOfBlock)
        {
            int end = Math.Min(first + tilesOfBlock, tiles);
            var block = new WinogradBlock(
                convolution with { Panels = PanelsOf(end - first) }, Size, first..end, (nint)memory.Tiles.Address, isByChannels: true);
            bool adds = first > 0;
            _works.Add(RowsWork.Of(block.Count, threads, part => set.TransformInput(block, part)));
            _works.Add(RowsWork.Of(block.Count, threads, part => kernels.TransformGradient(block, output.Gradient, part)));
            if (tilesOfBlock == tiles) _works.Add(new GroupWork(this, block, MakeGroups(), threads));
            else _works.Add(RowsWork.Of(Elements * _units.Count, threads, part => Multiply(block, adds, part)));
        }
        if (tilesOfBlock < tiles)
        {
            _works.Add(RowsWork.Of(_units.Count, threads, units =>
            {
                for (int unit = units.Start.Value; unit < units.End.Value; unit++)
                    Write(_units[unit], _sums.Address + _units[unit].Place, _element);
            }));
        }
    }

    /// <summary>The memory for sums that it needs.</summary>
    internal static long FloatsOfSums(in Geometry geometry, int threads)
    {
        if (!IsFaster(geometry)) return 0;
        long all = Elements * (long)geometry.Pitch * geometry.OutputPitch;
        return HasSlices(geometry) ? Slices * all
            : TilesOfBlock(geometry) < WinogradBlock.TilesOf(geometry, Size) ? all
            : threads * FloatsOfGroup;
    }

    // The sums of a group of weights: each thread has memory for them.
    private static long FloatsOfGroup => Elements * UnitsOfGroup * MostFloatsOfUnit;

    private static int MostFloatsOfUnit => Math.Max(TileKernels.Rows * TileKernels.MaximumVectors, GradientTiles.RowsOfNarrow) * MostLanes;

    /// <summary>Whether it takes less time than to compute the gradient directly.</summary>
    internal static bool IsFaster(in Geometry geometry)
    {
        if (geometry is not { KernelHeight: 3, KernelWidth: 3, Stride: 1, Dilation: 1, Padding: 1 }) return false;
        double weights = (double)geometry.Pitch * geometry.OutputPitch, tiles = WinogradBlock.TilesOf(geometry, Size);
        double transforms = TransformCost * tiles * (geometry.Pitch + geometry.OutputPitch);
        return Elements * ((tiles * weights) + (SumCost * weights) + transforms) < Taps * geometry.Pixels * weights;
    }

    /// <summary>The memory for tiles that it needs.</summary>
    internal static long FloatsOfTiles(in Geometry geometry, int threads) =>
        !IsFaster(geometry) ? 0
        : HasSlices(geometry) ? threads * FloatsOf(TilesOfPart(geometry), geometry)
        : FloatsOf(TilesOfBlock(geometry), geometry);

    public void Compute(PassThreads threads, float* target)
    {
        _target = target;
        threads.Run(_works, TrainingWorkKind.WeightGradient);
    }

    private static long PlaceOfPanel(int column, int tiles) => (long)column * WinogradBlock.TilesWithGap(tiles);

    private static long FloatsOf(int tiles, in Geometry geometry) =>
        WinogradBlock.Floats(Size, WinogradBlock.TilesWithGap(tiles), geometry.Pitch, geometry.OutputPitch);

    private static bool HasSlices(in Geometry geometry) =>
        (long)geometry.Pitch * geometry.OutputPitch <= WeightsOfSlices
        && WinogradBlock.TilesOf(geometry, Size) > Slices * TilesOfPart(geometry);

    private static int TilesOfPart(in Geometry geometry) => (int)(FloatsOfPart / (Elements * (geometry.Pitch + geometry.OutputPitch)));

    private static int TilesOfBlock(in Geometry geometry)
    {
        int tiles = WinogradBlock.TilesOf(geometry, Size);
        int floats = Elements * (geometry.Pitch + geometry.OutputPitch);
        if (tiles <= FloatsOfOnlyBlock / floats) return tiles;
        long most = Math.Max(FloatsOfBlock / floats, CachedTiles);
        return Division.Ratio(tiles, Division.Ratio(tiles, (int)Math.Min(most, tiles)));
    }

    // The gradients of a panel lie together, too.
    private Panel[] PanelsOf(int tiles) =>
        Array.ConvertAll(_panels, panel => panel with { Weights = PlaceOfPanel(panel.Column, tiles) });

    // Adds the sums of all slices, in their order, and transforms them.
    private void WriteSlices(Range units)
    {
        for (int i = units.Start.Value; i < units.End.Value; i++)
        {
            int floats = (int)FloatsOf(_units[i]);
            for (int element = 0; element < Elements; element++)
            {
                float* sums = _sums.Address + (element * _element) + _units[i].Place;
                for (int slice = 1; slice < Slices; slice++) _kernels.Add(sums + (slice * Elements * _element), floats, sums);
            }
            Write(_units[i], _sums.Address + _units[i].Place, _element);
        }
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
                long floats = last.Place + FloatsOf(last) - _units[first].Place;
                new Span<float>(sums + _units[first].Place, (int)floats).Clear();
            }
            Multiply(block, element, first..end, sums);
            begin += end - first;
        }
    }

    // Adds the products of an element of all tiles for some units of a panel; the sums of the first unit of all are at the address.
    private void Multiply(in WinogradBlock block, int element, Range units, float* sums)
    {
        for (int tile = 0; tile < block.Count; tile += CachedTiles)
        {
            int tiles = Math.Min(CachedTiles, block.Count - tile);
            for (int i = units.Start.Value; i < units.End.Value; i++)
            {
                var unit = _units[i];
                var (group, channel) = Math.DivRem(unit.Channel, KernelSet.Alignment);
                int width = unit.Vectors * _lanes;
                var pairs = new PixelPairs
                {
                    Images = 1, Rows = 1, Pixels = tiles,
                    Input = (float*)block.Inputs + (element * block.InputStep) + ((long)group * block.ChannelStep)
                        + ((long)tile * block.TileStep) + channel,
                    InputPixel = block.TileStep, InputRow = 0, InputImage = 0,
                    Gradient = (float*)block.Products + (element * block.ProductStep) + PlaceOfPanel(unit.Column, block.Count)
                        + ((long)tile * width),
                    GradientPixel = width, GradientRow = 0, GradientImage = 0,
                };
                _kernels.AddProducts(unit.Rows, unit.Vectors, pairs, sums + unit.Place);
            }
        }
    }

    // Computes the sums of a group for all elements, and transforms them while they are in the cache.
    private void MultiplyGroup(in WinogradBlock block, int group, int thread)
    {
        var (first, end) = (_groups[group], _groups[group + 1]);
        long begin = _units[first].Place, floats = _units[end - 1].Place + FloatsOf(_units[end - 1]) - begin;
        float* sums = _sums.Address + (thread * FloatsOfGroup);
        new Span<float>(sums, (int)(Elements * floats)).Clear();
        for (int element = 0; element < Elements; element++) Multiply(block, element, first..end, sums + (element * floats) - begin);
        for (int unit = first; unit < end; unit++) Write(_units[unit], sums + _units[unit].Place - begin, floats);
    }

    private int MakeGroups()
    {
        for (int unit = 0, first = -1; unit < _units.Count; unit++)
        {
            if (first >= 0 && unit - first < UnitsOfGroup && _units[unit].Column == _units[first].Column) continue;
            _groups.Add(first = unit);
        }
        _groups.Add(_units.Count);
        return _groups.Count - 1;
    }

    private long FloatsOf(in Unit unit) => (long)unit.Rows * unit.Vectors * _lanes;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(in Unit unit, float* sums, long element)
    {
        int width = unit.Vectors * _lanes, inputs = _input.Shape.Channels, rows = Math.Min(unit.Rows, inputs - unit.Channel);
        int outputs = Math.Min(width, _output.Shape.Channels - unit.Column);
        float* taps = stackalloc float[unit.Rows * Taps * width];
        for (int r = 0; r < rows; r++)
        {
            _kernels.TransformSums(sums + ((long)r * width), element, width, taps + (r * Taps * width));
        }
        int numbers = rows * Taps;
        for (int lane = 0; lane < outputs; lane++)
        {
            float* weights = _target + ((((long)(unit.Column + lane) * inputs) + unit.Channel) * Taps);
            for (int i = 0; i < numbers; i++) weights[i] = taps[(i * width) + lane];
        }
    }

    // A tile of the sums of each element: some input channels times some vectors of output channels.
    private readonly record struct Unit(int Column, int Vectors, int Channel, int Rows, long Place);

    private sealed class GroupWork(WinogradWeightGradient gradient, in WinogradBlock block, int groups, int threads) : Work(groups, threads)
    {
        private readonly WinogradBlock _block = block;

        private protected override void Compute(int part, int thread) => gradient.MultiplyGroup(_block, part, thread);
    }

    // A part is a slice of the tiles.
    private sealed class SliceWork : Work
    {
        private readonly WinogradWeightGradient _gradient;
        private readonly KernelSet _set;
        private readonly Convolution<float, Epilogue> _convolution;
        private readonly int _tiles;
        private readonly nint _scratch;
        private readonly nint _bytesOfThread;

        // For each number of tiles that are transformed at a time.
        private readonly Panel[][] _panels;

        internal SliceWork(
            WinogradWeightGradient gradient, KernelSet set, in Convolution<float, Epilogue> convolution, int tiles, int tilesOfPart,
            nint scratch, long floatsOfThread, int threads)
            : base(Slices, threads)
        {
            (_gradient, _set, _convolution, _tiles, _scratch) = (gradient, set, convolution, tiles, scratch);
            _bytesOfThread = (nint)floatsOfThread * sizeof(float);
            _panels = [.. Enumerable.Range(0, tilesOfPart + 1).Select(gradient.PanelsOf)];
        }

        private protected override void Compute(int part, int thread)
        {
            float* sums = _gradient._sums.Address + (part * Elements * _gradient._element);
            new Span<float>(sums, (int)(Elements * _gradient._element)).Clear();
            int begin = (int)((long)_tiles * part / Slices), end = (int)((long)_tiles * (part + 1) / Slices), most = _panels.Length - 1;
            for (int first = begin; first < end; first += most)
            {
                int count = Math.Min(most, end - first);
                var block = new WinogradBlock(
                    _convolution with { Panels = _panels[count] }, Size, first..(first + count), _scratch + (thread * _bytesOfThread),
                    isByChannels: true);
                _set.TransformInput(block, ..count);
                _gradient._kernels.TransformGradient(block, _gradient._output.Gradient, ..count);
                for (int element = 0; element < Elements; element++)
                    _gradient.Multiply(block, element, .._gradient._units.Count, sums + (element * _gradient._element));
            }
        }
    }
}
