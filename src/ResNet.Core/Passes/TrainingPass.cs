using ResNet.Core.Inspection;
using ResNet.Core.Passes.Convolutions;
using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Plans;
using ResNet.Core.Passes.Steps;
using ResNet.Core.Passes.Threads;
using ResNet.Inference;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;
using static TorchSharp.torch;

namespace ResNet.Core.Passes;

/// <summary>A network that is ready to be trained with batches of one size: its steps, and memory for values and gradients.</summary>
internal sealed unsafe class TrainingPass : IDisposable
{
    private readonly PassMap[] _maps;
    private readonly PassLayer[] _layers;
    private readonly string[] _names;
    private readonly NativeBuffer _padded;
    private readonly NativeBuffer _values;
    private readonly PassMemory _memory;
    private readonly Geometry _images;
    private readonly int _border;
    private readonly PassPlaces _places;

    // Gradients have overwritten the values.
    private bool _isSpent;

    // Those that were computed last.
    private List<Tensor?> _results = [];

    /// <param name="plan">The network.</param>
    /// <param name="size">The size of the batches.</param>
    /// <param name="vectors">The kernels.</param>
    /// <param name="largestTile">The largest tile of Winograd's algorithm: 4, 2 or 0.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal TrainingPass(PassPlan plan, in PassSize size, VectorWidth vectors, int largestTile, int threads)
    {
        (Plan, Size, Threads) = (plan, size, threads);
        var (images, channels, height, width) = size;
        var (set, kernels) = (KernelSet.For(vectors), PassKernels.For(vectors));
        _maps = [.. plan.Shapes(channels, height, width).Select(shape => new PassMap(shape, images))];
        int count = plan.Steps.Count;
        var first = ((ConvolutionStep)plan.Steps[0]).Module;
        _border = (int)first.padding![0];
        _images = GeometryOf(first, _maps[0], _maps[1], readsImages: true);

        long padded = (long)images * _images.Height * _images.Width * channels;
        _places = new PassPlaces(plan.Steps, [.. _maps.Select(map => map.Floats)]);
        Session.RequireMemory(checked(padded + _places.Length) * sizeof(float), images, _maps[0].Shape);
        _padded = new NativeBuffer(padded);
        _maps[0].Data = _padded.Address;
        _values = new NativeBuffer(_places.Length, isCleared: false);
        for (int value = 1; value <= count; value++)
        {
            _maps[value].Data = _values.Address + _places.Value(value);
            _maps[value].Gradient = _values.Address + _places.Gradient(value);
        }

        long tiles = 0, weights = 0, sums = 0, parts = 0;
        for (int i = 0; i < count; i++)
        {
            if (plan.Steps[i] is not ConvolutionStep { Module: var module } step) continue;
            var geometry = GeometryOf(module, _maps[step.Input], _maps[i + 1], readsImages: i == 0);
            weights = Math.Max(weights, ConvolutionLayer.FloatsOfWeights(geometry));
            sums = Math.Max(sums, ConvolutionLayer.FloatsOfSums(geometry, threads));
            tiles = Math.Max(tiles, ConvolutionLayer.FloatsOfTiles(set, geometry, readsImages: i == 0, largestTile, threads));
            if (i == 0) continue;
            parts = Math.Max(parts, InputGradient.FloatsOfParts(geometry, (int)module.groups));
        }
        _memory = new PassMemory(tiles, weights, sums, parts, _maps.Max(map => map.Pitch));
        _layers = [.. plan.Steps.Select((step, i) => LayerOf(step, i))];
        _names = [.. plan.Steps.Select((step, i) => plan.NameOf(i))];

        PassLayer LayerOf(PassStep step, int i)
        {
            var (input, output) = (_maps[step.Input], _maps[i + 1]);
            switch (step)
            {
                case ConvolutionStep { Module: var module }:
                    var geometry = GeometryOf(module, input, output, readsImages: i == 0);
                    return new ConvolutionLayer(
                        module, set, kernels, geometry, i == 0, input, output, _places.AddsInput(i), _memory, largestTile, threads);
                case NormStep norm:
                    var added = norm.Add is { } add ? _maps[add] : null;
                    return new NormLayer(norm, set, kernels, input, output, added, _places.AddsInput(i), _places.AddsAdded(i), threads);
                case MaxPoolStep pool:
                    return new MaxPoolLayer(pool, kernels, input, output, _places.AddsInput(i), threads);
                case AddStep { Added: var other }:
                    return new AddLayer(set, kernels, input, _maps[other], output, _places.AddsInput(i), _places.AddsAdded(i), threads);
                case AveragePoolStep:
                    return new AveragePoolLayer(set, input, output, _places.AddsInput(i), threads);
                case ZeroPaddingStep shortcut:
                    return new ZeroPaddingLayer(shortcut, input, output, _places.AddsInput(i), threads);
                case MeanStep:
                    return new MeanLayer(set, input, output, _places.AddsInput(i), threads);
                default:
                    throw new InvalidOperationException($"There is no layer for {step.GetType().Name}.");
            }
        }
    }

    /// <summary>The network.</summary>
    internal PassPlan Plan { get; }

    /// <summary>The size of the batches.</summary>
    internal PassSize Size { get; }

    /// <summary>The most threads that compute together.</summary>
    internal int Threads { get; }

    /// <summary>The parameters, in the order of their gradients.</summary>
    internal IEnumerable<Tensor> Parameters => _layers.SelectMany(layer => layer.Parameters);

    /// <summary>Computes the pooled vectors.</summary>
    /// <param name="images">Images <c>[N, C, H, W]</c>, of any strides.</param>
    /// <param name="threads">The threads.</param>
    /// <returns><c>[N, features]</c>.</returns>
    internal Tensor Forward(Tensor images, PassThreads threads)
    {
        Load(images, threads);
        for (int i = 0; i < _layers.Length; i++)
        {
            threads.Layer = _names[i];
            _layers[i].Forward(threads);
        }
        _isSpent = false;
        var last = _maps[^1];
        var output = empty([last.Images, last.Shape.Channels], ScalarType.Float32, CPU);
        float* target = PassLayer.AddressOf(output);
        for (long n = 0; n < last.Images; n++) Copy(last.Data + (n * last.Pitch), target + (n * last.Shape.Channels), last.Shape.Channels);
        return output;
    }

    /// <summary>Computes the gradients of the parameters.</summary>
    /// <param name="gradient">The gradient of the output.</param>
    /// <param name="overwritten">The parameters that have a gradient, which is overwritten.</param>
    /// <param name="written">Told of each of them when its gradient is there; null for nobody.</param>
    /// <param name="threads">The threads.</param>
    /// <returns>The gradient of each parameter; null for those that need none, or have it.</returns>
    internal List<Tensor?> Backward(
        Tensor gradient, IReadOnlySet<Tensor> overwritten, Action<Tensor>? written, PassThreads threads)
    {
        if (_isSpent) ComputeAgain(threads);
        _isSpent = true;
        var last = _maps[^1];
        using (var contiguous = gradient.contiguous())
        {
            float* source = PassLayer.AddressOf(contiguous);
            for (long n = 0; n < last.Images; n++)
            {
                new Span<float>(last.Gradient + (n * last.Pitch), last.Pitch).Clear();
                Copy(source + (n * last.Shape.Channels), last.Gradient + (n * last.Pitch), last.Shape.Channels);
            }
        }
        var gradients = new List<Tensor?>[_layers.Length];
        // Nothing before the first layer that learns needs gradients.
        int first = Array.FindIndex(_layers, layer => layer.Parameters.Any(parameter => parameter.requires_grad));
        for (int i = _layers.Length - 1; i >= 0; i--)
        {
            threads.Layer = _names[i];
            gradients[i] =
            [
                .. _layers[i].Parameters.Select(parameter =>
                    parameter.requires_grad && !overwritten.Contains(parameter) ? empty(parameter.shape, ScalarType.Float32, CPU) : null),
            ];
            if (i < first) continue;
            nint[] targets = [.. _layers[i].Parameters.Zip(gradients[i], (parameter, made) => AddressOf(parameter, made))];
            bool needsInput = _layers[i] is ConvolutionLayer && targets[0] != 0;
            if (needsInput && _places.IsTransient(i)) ((NormLayer)_layers[i - 1]).Renew(threads);
            _layers[i].Backward(threads, targets);
            if (written is null) continue;
            foreach (var parameter in _layers[i].Parameters.Where(overwritten.Contains)) written(parameter);
        }
        return _results = [.. gradients.SelectMany(some => some)];

        nint AddressOf(Tensor parameter, Tensor? made)
        {
            if (made is not null) return (nint)PassLayer.AddressOf(made);
            if (!overwritten.Contains(parameter)) return 0;
            using var own = parameter.grad;
            return (nint)PassLayer.AddressOf(own!);
        }
    }

    /// <summary>Disposes of the gradients that were computed last, which the collector would find late: libtorch has them.</summary>
    internal void DisposeGradients()
    {
        foreach (var gradient in _results) gradient?.Dispose();
        _results = [];
    }

    // For a second pass backward: the same values, with the statistics of the batch as they are.
    private void ComputeAgain(PassThreads threads)
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            threads.Layer = _names[i];
            if (_layers[i] is NormLayer norm) norm.Renew(threads);
            else _layers[i].Forward(threads);
        }
    }

    public void Dispose()
    {
        foreach (var layer in _layers) layer.Dispose();
        _padded.Dispose();
        _values.Dispose();
        _memory.Dispose();
    }

    /// <summary>
    /// The shapes of a convolution. Of images, a row of the kernel is one tap, and zeros are around the images; of maps of a single pixel,
    /// the kernel is its centre, since all other taps lie on zeros.
    /// </summary>
    internal static Geometry GeometryOf(TorchSharp.Modules.Conv2d module, PassMap input, PassMap output, bool readsImages)
    {
        int kernel = (int)module.kernel_size[0], padding = (int)module.padding![0], border = readsImages ? 2 * padding : 0;
        if (!readsImages && input.Shape is { Height: 1, Width: 1 })
        {
            return new Geometry
            {
                Images = input.Images, Height = 1, Width = 1, Pitch = input.Pitch,
                OutputHeight = 1, OutputWidth = 1, OutputPitch = output.Pitch, KernelHeight = 1, KernelWidth = 1,
            };
        }
        return new Geometry
        {
            Images = input.Images,
            Height = input.Shape.Height + border, Width = input.Shape.Width + border,
            Pitch = readsImages ? input.Shape.Channels : input.Pitch,
            OutputHeight = output.Shape.Height, OutputWidth = output.Shape.Width, OutputPitch = output.Pitch,
            KernelHeight = kernel, KernelWidth = readsImages ? 1 : kernel,
            Stride = (int)module.stride[0], Dilation = (int)module.dilation[0], Padding = readsImages ? 0 : padding,
        };
    }

    // Into rows with zeros around them, whose border nobody writes.
    private void Load(Tensor images, PassThreads threads)
    {
        var (channels, height, width) = _maps[0].Shape;
        long[] strides = images.stride();
        float* source;
        using (var first = images[0, 0, 0, 0]) source = PassLayer.AddressOf(first);
        var work = RowsWork.Of(_maps[0].Images * height, Threads, rows =>
        {
            for (int row = rows.Start.Value; row < rows.End.Value; row++)
            {
                var (n, y) = Math.DivRem(row, height);
                float* target = _maps[0].Data
                    + ((((((long)n * _images.Height) + y + _border) * _images.Width) + _border) * channels);
                float* from = source + (n * strides[0]) + (y * strides[2]);
                for (int x = 0; x < width; x++)
                {
                    for (int c = 0; c < channels; c++) target[(x * channels) + c] = from[(c * strides[1]) + (x * strides[3])];
                }
            }
        });
        threads.Run(work, TrainingWorkKind.Load);
    }

    private static void Copy(float* source, float* target, int count) =>
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
}
