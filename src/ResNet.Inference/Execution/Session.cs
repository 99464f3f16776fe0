using System.Numerics;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;
using ResNet.Inference.Kernels.Int8;
using ResNet.Inference.Plans;

namespace ResNet.Inference.Execution;

/// <summary>A network that is ready for images of one size: its layers as work, and the memory for all values.</summary>
internal sealed unsafe class Session : IDisposable
{
    private readonly Work[][] _works;

    // So much stays in the caches of a thread's core, in floats.
    private const long CachedFloats = 256 * 1024;

    // The first two layers at once, if both are computed and nothing else reads what is between them.
    private readonly Work[]? _stem;

    // Sessions of some of the images each, which compute the layers before the given one; empty if all images are computed together.
    private readonly Session[] _groups = [];
    private readonly int _layersOfGroups;
    private readonly NativeBuffer? _arenaOfGroup;
    private readonly NativeBuffer _arena;
    private readonly NativeBuffer _stemMap;
    private readonly NativeBuffer _images;
    private readonly nint _firstImage;
    private readonly NativeBuffer _zeros;
    private readonly NativeBuffer _scratch;
    private readonly NativeBuffer?[] _zeroPoints;
    private readonly InferencePlan _plan;
    private readonly MapShape[] _shapes;
    private readonly nint[] _values;
    private readonly Geometry _imageGeometry;
    private readonly int _imagePadding;

    /// <summary>Makes the session.</summary>
    /// <param name="plan">The network.</param>
    /// <param name="shapes">The shape of each value (<see cref="InferencePlan.Shapes"/>).</param>
    /// <param name="weights">The packed weights.</param>
    /// <param name="images">The number of images.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal Session(InferencePlan plan, MapShape[] shapes, WeightStore weights, int images, int threads)
    {
        (_plan, _shapes, Images) = (plan, shapes, images);
        var kernels = weights.Kernels;
        long[] places = new long[shapes.Length];
        var arena = new Arena();
        int[] lastUse = new int[shapes.Length];
        for (int i = 0; i < plan.Layers.Count; i++)
        {
            lastUse[plan.Layers[i].Input] = i;
            if (plan.Layers[i].Add is { } add) lastUse[add] = i;
        }
        lastUse[^1] = plan.Layers.Count;
        bool poolsStem = plan.Layers.Count > 1 && plan.Layers[1].Kind == LayerKind.MaxPool
            && !plan.Layers.Skip(2).Any(layer => layer.Input == 1 || layer.Add == 1);
        // The stem's map has a place of its own, which stays empty while it is pooled at once.
        long stemMap = poolsStem ? Floats(1) : 0;
        for (int i = poolsStem ? 1 : 0; i < plan.Layers.Count; i++) places[i + 1] = arena.Place(Floats(i + 1), i, lastUse[i + 1]);
        (_layersOfGroups, int imagesOfGroup) = DivideImages(lastUse, poolsStem, weights, threads);
        var (placesOfGroup, arenaOfGroup) = (new long[shapes.Length], new Arena());
        for (int i = poolsStem ? 1 : 0; i + 1 < _layersOfGroups; i++)
            placesOfGroup[i + 1] = arenaOfGroup.Place(Floats(i + 1, imagesOfGroup), i, lastUse[i + 1]);
        var first = plan.Layers[0];
        _imagePadding = first.Padding;
        int height = shapes[0].Height + (2 * first.Padding), width = shapes[0].Width + (2 * first.Padding);
        _imageGeometry = new Geometry
        {
            Images = images, Height = height, Width = width, Pitch = plan.Channels,
            OutputHeight = shapes[1].Height, OutputWidth = shapes[1].Width, OutputPitch = plan.Pitch(1, shapes[1].Channels),
            KernelHeight = first.Kernel, Stride = first.Stride,
        };

        long scratch = 0;
        var choices = new Algorithm[plan.Layers.Count];
        for (int i = 0; i < plan.Layers.Count; i++)
        {
            var layer = plan.Layers[i];
            if (layer.Kind != LayerKind.Convolution || i == 0) continue;
            var geometry = GeometryOf(layer, i);
            int depth = geometry.Pitch, columns = geometry.OutputPitch;
            choices[i] = AlgorithmChoice.Choose(geometry, depth, columns, layer.Groups, weights.LargestTile);
            if (choices[i] == Algorithm.Direct) continue;
            // The last group may have fewer images, which may need more memory than many.
            int[] together = i < _layersOfGroups ? [images, imagesOfGroup, images % imagesOfGroup] : [images];
            foreach (int some in together.Where(some => some > 0))
            {
                long needed = WinogradWork.Scratch(geometry with { Images = some }, AlgorithmChoice.Size(choices[i]), depth, threads);
                scratch = Math.Max(scratch, needed);
            }
        }
        if (poolsStem) scratch = Math.Max(scratch, StemWork.Scratch(GeometryOf(plan.Layers[1], 1), threads));
        long imageFloats = checked((long)images * height * width * plan.Channels);
        RequireMemory(checked(arena.Length + stemMap + arenaOfGroup.Length + imageFloats + scratch) * sizeof(float), images, shapes[0]);
        weights.PackAll(choices);
        _arena = new NativeBuffer(arena.Length, isCleared: false);
        _stemMap = new NativeBuffer(stemMap, isCleared: false);
        _values = [.. places.Select(place => (nint)(_arena.Address + place))];
        if (poolsStem) _values[1] = (nint)_stemMap.Address;
        _images = new NativeBuffer(imageFloats);
        _firstImage = (nint)_images.Address;
        int longest = shapes.Max(shape => KernelSet.Channels(shape.Channels));
        _zeros = new NativeBuffer(longest);
        var zeroPoints = plan.Layers.Where(layer => layer.GivesBytes).Select(layer => layer.ZeroPoint).Distinct()
            .ToDictionary(zero => zero, zero => ZeroPoints(zero, longest));
        _zeroPoints = [.. plan.Layers.Select(layer => layer.GivesBytes ? zeroPoints[layer.ZeroPoint] : null)];
        _scratch = new NativeBuffer(scratch, isCleared: false);
        if (poolsStem) _stem = [StemOf(weights, threads)];
        _works = [.. plan.Layers.Select((layer, i) => WorksOf(layer, i, choices[i], weights, threads))];
        if (_layersOfGroups == 0) return;
        _arenaOfGroup = new NativeBuffer(arenaOfGroup.Length, isCleared: false);
        nint[] values = [.. placesOfGroup.Select(place => (nint)(_arenaOfGroup.Address + place))];
        _groups =
        [
            .. Enumerable.Range(0, Division.Ratio(images, imagesOfGroup)).Select(group =>
            {
                int begin = group * imagesOfGroup, end = Math.Min(begin + imagesOfGroup, images);
                return new Session(this, begin..end, values, choices, weights, threads);
            }),
        ];
    }

    // Some images of a session, for the first layers; the memory is the session's.
    private Session(Session whole, Range images, nint[] values, Algorithm[] choices, WeightStore weights, int threads)
    {
        (_plan, _shapes, _imagePadding) = (whole._plan, whole._shapes, whole._imagePadding);
        (_arena, _stemMap, _images, _zeros, _scratch, _zeroPoints) =
            (whole._arena, whole._stemMap, whole._images, whole._zeros, whole._scratch, whole._zeroPoints);
        int first = images.Start.Value, layers = whole._layersOfGroups;
        Images = images.End.Value - first;
        _imageGeometry = whole._imageGeometry with { Images = Images };
        var g = _imageGeometry;
        _firstImage = whole._firstImage + ((nint)first * g.Height * g.Width * g.Pitch * sizeof(float));
        // What the layers after them read is a part of the session's value.
        var (channels, height, width) = _shapes[layers];
        nint bytes = (nint)height * width * _plan.Pitch(layers, channels) * (_plan.GivesBytes(layers) ? 1 : sizeof(float));
        _values = [.. values];
        _values[layers] = whole._values[layers] + (first * bytes);
        if (whole._stem is not null) _stem = [StemOf(weights, threads)];
        _works = [.. _plan.Layers.Take(layers).Select((layer, i) =>
            _stem is not null && i < 2 ? [] : WorksOf(layer, i, choices[i], weights, threads))];
    }

    /// <summary>The number of images.</summary>
    internal int Images { get; }

    /// <summary>The number of groups of images whose first layers are computed in turn; 0 if all images are computed together.</summary>
    internal int Groups => _groups.Length;

    /// <summary>Takes images <c>[N, C, H, W]</c>.</summary>
    /// <returns>Whether all numbers are finite.</returns>
    internal bool Load(ReadOnlySpan<float> images)
    {
        var (channels, height, width) = _shapes[0];
        var sum = Vector<float>.Zero;
        float rest = 0;
        int plane = height * width;
        for (int n = 0; n < Images; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                var source = images.Slice(((n * channels) + c) * plane, plane);
                int i = 0;
                // A number minus itself is 0, or NaN if it is not finite.
                for (; i <= plane - Vector<float>.Count; i += Vector<float>.Count)
                {
                    var values = new Vector<float>(source[i..]);
                    sum += values - values;
                }
                for (; i < plane; i++) rest += source[i] - source[i];
                for (int y = 0; y < height; y++)
                {
                    var row = source.Slice(y * width, width);
                    float* target = ImageRow(n, y) + c;
                    for (int x = 0; x < width; x++) target[x * channels] = row[x];
                }
            }
        }
        return rest == 0 && sum == Vector<float>.Zero;
    }

    /// <summary>Takes images <c>[N, H, W, C]</c> of bytes.</summary>
    /// <param name="images">The images.</param>
    /// <param name="table">The number for each byte, channel by channel: 256 for each channel.</param>
    internal void Load(ReadOnlySpan<byte> images, float[] table)
    {
        var (channels, height, width) = _shapes[0];
        for (int n = 0; n < Images; n++)
        {
            for (int y = 0; y < height; y++)
            {
                var row = images.Slice(((n * height) + y) * width * channels, width * channels);
                float* target = ImageRow(n, y);
                for (int x = 0; x < row.Length; x += channels)
                {
                    for (int c = 0; c < channels; c++) target[x + c] = table[(c << 8) + row[x + c]];
                }
            }
        }
    }

    /// <summary>The shape of a value, for one image.</summary>
    internal MapShape ShapeOf(int value) => _shapes[value];

    /// <summary>Computes some of the layers; the values that they read are there already.</summary>
    /// <param name="team">The threads; null for this thread alone.</param>
    /// <param name="begin">The first layer.</param>
    /// <param name="end">The layer after the last one.</param>
    /// <param name="cancellationToken">Stops the computation after the current layer.</param>
    internal void Run(ThreadTeam? team, int begin, int end, CancellationToken cancellationToken)
    {
        if (begin == 0 && _groups.Length > 0 && end >= _layersOfGroups)
        {
            foreach (var group in _groups) group.Run(team, 0, _layersOfGroups, cancellationToken);
            begin = _layersOfGroups;
        }
        if (begin == 0 && end > 1 && _stem is not null)
        {
            Run(_stem);
            begin = 2;
        }
        foreach (var works in _works.AsSpan(begin..end)) Run(works);

        void Run(Work[] works)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var work in works)
            {
                if (team is null) work.ComputeAll();
                else team.Run(work);
            }
        }
    }

    /// <summary>The channels of a pixel of the images or of a value of floats.</summary>
    internal ReadOnlySpan<float> Pixel(int value, long pixel)
    {
        var (channels, height, width) = _shapes[value];
        if (value > 0) return new(Address(value) + (pixel * _plan.Pitch(value, channels)), channels);
        var (row, x) = Math.DivRem(pixel, width);
        return new(ImageRow((int)(row / height), (int)(row % height)) + (x * channels), channels);
    }

    /// <summary>The pixels of a value, of all images.</summary>
    internal long Pixels(int value) => checked((long)Images * _shapes[value].Height * _shapes[value].Width);

    /// <summary>
    /// Reads a value as <c>[N, C, H, W]</c>: the last one that was computed, or the last map before the classifier. Others may be in the
    /// memory of a group, or pooled at once.
    /// </summary>
    internal void Read(int value, Span<float> target)
    {
        var (channels, height, width) = _shapes[value];
        int pixels = height * width, pitch = _plan.Pitch(value, channels);
        float* source = Address(value);
        var bytes = _plan.GivesBytes(value) ? _plan.Layers[value - 1] : null;
        for (int n = 0; n < Images; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                var plane = target.Slice(((n * channels) + c) * pixels, pixels);
                long from = ((long)n * pixels * pitch) + c;
                for (int p = 0; p < pixels; p++)
                {
                    long place = from + ((long)p * pitch);
                    plane[p] = bytes is null ? source[place] : (((byte*)source)[place] - bytes.ZeroPoint) * bytes.Scale;
                }
            }
        }
    }

    public void Dispose()
    {
        _arena.Dispose();
        _arenaOfGroup?.Dispose();
        _stemMap.Dispose();
        _images.Dispose();
        _zeros.Dispose();
        _scratch.Dispose();
        foreach (var zeros in _zeroPoints.Distinct()) zeros?.Dispose();
    }

    /// <summary>Refuses images that need more memory than there is.</summary>
    /// <remarks>The operating system may promise memory that it does not have, and end the process later.</remarks>
    /// <param name="bytes">The memory that they need.</param>
    /// <param name="images">The number of images.</param>
    /// <param name="image">The shape of an image.</param>
    /// <exception cref="InsufficientMemoryException">There is less.</exception>
    internal static void RequireMemory(long bytes, int images, MapShape image)
    {
        long there = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes <= there) return;
        throw new InsufficientMemoryException(
            $"{images} images of {image.Height} × {image.Width} pixels need {bytes >> 20:N0} MiB, but there are {there >> 20:N0} MiB: "
            + "use fewer or smaller images.");
    }

    private float* ImageRow(int image, int y)
    {
        long row = ((long)image * _imageGeometry.Height) + y + _imagePadding;
        return (float*)_firstImage + (((row * _imageGeometry.Width) + _imagePadding) * _shapes[0].Channels);
    }

    // Divides the images, so that the first layers, whose maps are the largest, find them in the caches: returns the number of layers, and
    // of images that are computed together; no layers if all images are. One value alone may be read by the layers after them, and their
    // weights have to stay in the caches, too.
    private (int Layers, int Images) DivideImages(int[] lastUse, bool poolsStem, WeightStore weights, int threads)
    {
        long cached = CachedFloats * threads, largest = 0, all = 0, read = 0;
        int layers = 0, alive = 0;
        for (int i = 0; i + 1 < _plan.Layers.Count; i++)
        {
            if (i > 0 || !poolsStem) all = Math.Max(all, Floats(i + 1, 1));
            if (_plan.Layers[i].Weight is not null) read += weights.Count(i);
            if (i > 0) alive = Math.Max(alive, lastUse[i]);
            // Images as bytes are small; what reads them is not.
            if (alive > i || (i == 0 && (poolsStem || _plan.QuantizesImages))) continue;
            // The layers since the last such place.
            if (all * Images <= 2 * cached || read > cached) break;
            (layers, largest, all, read) = (i + 1, Math.Max(largest, all), 0, 0);
        }
        int images = layers == 0 ? Images : (int)Math.Clamp(cached / largest, 1, Images);
        return images < Images ? (layers, images) : (0, Images);
    }

    private long Floats(int value) => Floats(value, Images);

    private long Floats(int value, int images)
    {
        var (channels, height, width) = _shapes[value];
        long numbers = checked((long)images * height * width * _plan.Pitch(value, channels));
        // Each value begins at a multiple of 64 bytes.
        return _plan.GivesBytes(value) ? checked(numbers + 63) / 64 * 16 : numbers;
    }

    private float* Address(int value) => (float*)_values[value];

    private Geometry GeometryOf(Layer layer, int i)
    {
        var (input, output) = (_shapes[layer.Input], _shapes[i + 1]);
        return new Geometry
        {
            Images = Images, Height = input.Height, Width = input.Width, Pitch = _plan.Pitch(layer.Input, input.Channels),
            OutputHeight = output.Height, OutputWidth = output.Width, OutputPitch = _plan.Pitch(i + 1, output.Channels),
            KernelHeight = layer.Kernel, KernelWidth = layer.Kernel,
            Stride = layer.Stride, Dilation = layer.Dilation, Padding = layer.Padding,
        };
    }

    private Work[] WorksOf(Layer layer, int i, Algorithm algorithm, WeightStore weights, int threads)
    {
        var kernels = weights.Kernels;
        var geometry = i == 0 ? _imageGeometry : GeometryOf(layer, i);
        int rows = Images * geometry.OutputHeight;
        switch (layer.Kind)
        {
            case LayerKind.Convolution or LayerKind.Linear:
                var convolution = ConvolutionOf(layer, i, algorithm, weights);
                if (algorithm == Algorithm.Direct) return [ConvolutionWork.Of(kernels, convolution, threads)];
                int size = AlgorithmChoice.Size(algorithm);
                if (WinogradWork.Scratch(geometry, size, convolution.Depth, threads) > _scratch.Length)
                    throw new InvalidOperationException($"Layer {i} needs more memory for its tiles than there is.");
                return WinogradWork.Of(kernels, convolution, size, threads, (nint)_scratch.Address);
            case LayerKind.Int8Convolution or LayerKind.Int8Linear:
                return [ConvolutionWork.Of(weights.Int8Kernels, OfBytes(layer, i, weights.PackedBytes(i)), threads)];
            case LayerKind.Quantize:
                var int8 = weights.Int8Kernels;
                float factor = (float)(1.0 / layer.Scale);
                if (i == 0) return [RowsWork.Of(rows, threads, part => QuantizeImages(factor, layer.ZeroPoint, part))];
                return [RowsWork.Of(rows, threads, part =>
                {
                    long row = (long)geometry.Width * geometry.Pitch;
                    int8.Quantize(
                        Address(layer.Input), factor, layer.ZeroPoint, (byte*)Address(i + 1), part.Start.Value * row, part.End.Value * row);
                })];
            case LayerKind.MaxPool:
                return [RowsWork.Of(rows, threads, part => kernels.MaxPool(geometry, Address(layer.Input), Address(i + 1), part))];
            case LayerKind.AveragePool:
                var windows = geometry with { KernelHeight = 2, KernelWidth = 2 };
                return [RowsWork.Of(rows, threads, part =>
                    kernels.AveragePool(windows, layer.Stride == 1, Address(layer.Input), Address(i + 1), part))];
            case LayerKind.Mean:
                int pixels = geometry.Height * geometry.Width;
                return [RowsWork.Of(Images, threads, part =>
                {
                    for (long n = part.Start.Value; n < part.End.Value; n++)
                    {
                        kernels.Mean(
                            Address(layer.Input) + (n * pixels * geometry.Pitch), pixels, geometry.Pitch,
                            Address(i + 1) + (n * geometry.Pitch));
                    }
                })];
            case LayerKind.Pointwise:
                var (scale, shift) = (weights.Vector(i, isBias: false), weights.Vector(i, isBias: true));
                int count = geometry.Pixels;
                return [RowsWork.Of(count, threads, part => kernels.Pointwise(
                    Address(layer.Input), scale is null ? null : scale.Address, shift is null ? null : shift.Address,
                    layer.Add is { } other ? Address(other) : null, layer.Relu, geometry.Pitch, Address(i + 1), part))];
            case LayerKind.GroupNorm:
                var (factors, shifts) = (weights.Vector(i, isBias: false)!, weights.Vector(i, isBias: true)!);
                return [RowsWork.Of(Images, threads, part => GroupNorm(layer, i, factors.Address, shifts.Address, part))];
            case LayerKind.Subsample:
                return [RowsWork.Of(rows, threads, part => Subsample(layer, geometry, i, part))];
            default:
                throw new InvalidOperationException($"No kernel for {layer.Kind}.");
        }
    }

    private StemWork StemOf(WeightStore weights, int threads) => new(
        weights.Kernels, ConvolutionOf(_plan.Layers[0], 0, Algorithm.Direct, weights), GeometryOf(_plan.Layers[1], 1), (nint)Address(2),
        threads, (nint)_scratch.Address);

    private Convolution<float, Epilogue> ConvolutionOf(Layer layer, int i, Algorithm algorithm, WeightStore weights)
    {
        var packed = weights.Packed(i, algorithm);
        return new Convolution<float, Epilogue>
        {
            Geometry = i == 0 ? _imageGeometry : GeometryOf(layer, i),
            Input = i == 0 ? _firstImage : (nint)Address(layer.Input),
            Output = (nint)Address(i + 1),
            Zeros = (nint)_zeros.Address,
            Depth = packed.Depth,
            Weights = packed.Weights,
            Panels = packed.Panels,
            Epilogue = new Epilogue(packed.Bias, layer.Add is { } add ? (nint)Address(add) : 0, layer.Relu),
        };
    }

    private Convolution<byte, Int8Epilogue> OfBytes(Layer layer, int i, PackedInt8 packed)
    {
        var added = layer.Add is { } value ? _plan.Layers[value - 1] : null;
        double scale = layer.GivesBytes ? layer.Scale : 1;
        return new Convolution<byte, Int8Epilogue>
        {
            Geometry = GeometryOf(layer, i),
            Input = (nint)Address(layer.Input),
            Output = (nint)Address(i + 1),
            Zeros = (nint)_zeroPoints[layer.Input - 1]!.Address,
            Depth = packed.Depth,
            Weights = packed.Weights,
            Panels = packed.Panels,
            Epilogue = new Int8Epilogue
            {
                Start = packed.Start,
                Factor = packed.Factor,
                Bias = packed.Bias,
                Add = layer.Add is { } add ? (nint)Address(add) : 0,
                AddsFloats = added is { GivesBytes: false },
                AddZero = added is null ? 0 : added.ZeroPoint,
                AddFactor = (float)((added is { GivesBytes: true } ? added.Scale : 1) / scale),
                Relu = layer.Relu,
                GivesFloats = !layer.GivesBytes,
                Zero = layer.ZeroPoint,
            },
        };
    }

    private void QuantizeImages(float factor, float zero, Range rows)
    {
        var (channels, height, width) = _shapes[0];
        int pitch = _imageGeometry.OutputPitch;
        for (int row = rows.Start.Value; row < rows.End.Value; row++)
        {
            byte* target = (byte*)Address(1) + ((long)row * width * pitch);
            Int8Kernels.QuantizePixels(ImageRow(row / height, row % height), width, channels, factor, zero, target, pitch);
        }
    }

    private static NativeBuffer ZeroPoints(int zero, int channels)
    {
        var buffer = new NativeBuffer(channels / sizeof(float));
        new Span<byte>(buffer.Address, channels).Fill((byte)zero);
        return buffer;
    }

    private void Subsample(Layer layer, in Geometry geometry, int i, Range rows)
    {
        int channels = _shapes[layer.Input].Channels;
        for (int row = rows.Start.Value; row < rows.End.Value; row++)
        {
            var (image, y) = Math.DivRem(row, geometry.OutputHeight);
            for (int x = 0; x < geometry.OutputWidth; x++)
            {
                float* source = Address(layer.Input)
                    + ((((((long)image * geometry.Height) + (y * layer.Stride)) * geometry.Width) + (x * layer.Stride)) * geometry.Pitch);
                var target = new Span<float>(
                    Address(i + 1) + ((((long)row * geometry.OutputWidth) + x) * geometry.OutputPitch), geometry.OutputPitch);
                target.Clear();
                new ReadOnlySpan<float>(source, channels).CopyTo(target[layer.Before..]);
            }
        }
    }

    private void GroupNorm(Layer layer, int i, float* scale, float* shift, Range images)
    {
        var (channels, height, width) = _shapes[i + 1];
        int pixels = height * width, pitch = KernelSet.Channels(channels), size = channels / layer.Groups;
        for (long n = images.Start.Value; n < images.End.Value; n++)
        {
            float* source = Address(layer.Input) + (n * pixels * pitch), target = Address(i + 1) + (n * pixels * pitch);
            for (int group = 0; group < layer.Groups; group++)
            {
                double sum = 0, squares = 0;
                for (long p = 0; p < pixels; p++)
                {
                    for (int c = group * size; c < (group + 1) * size; c++) sum += source[(p * pitch) + c];
                }
                double mean = sum / ((double)pixels * size);
                for (long p = 0; p < pixels; p++)
                {
                    for (int c = group * size; c < (group + 1) * size; c++)
                        squares += (source[(p * pitch) + c] - mean) * (source[(p * pitch) + c] - mean);
                }
                double factor = 1 / Math.Sqrt((squares / ((double)pixels * size)) + layer.Epsilon);
                for (long p = 0; p < pixels; p++)
                {
                    for (int c = group * size; c < (group + 1) * size; c++)
                    {
                        target[(p * pitch) + c] = ((float)((source[(p * pitch) + c] - mean) * factor) * scale[c]) + shift[c];
                    }
                }
            }
            for (long p = 0; p < pixels; p++) new Span<float>(target + (p * pitch) + channels, pitch - channels).Clear();
        }
    }
}
