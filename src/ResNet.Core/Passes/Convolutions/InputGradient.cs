using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Steps;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;

namespace ResNet.Core.Passes.Convolutions;

/// <summary>
/// The gradient of a convolution for its input, which is a convolution of the output's gradient again, with the kernel turned round. For a
/// stride of 2, it is one for each of the four kinds of pixels, by whether row and column are even, which different taps reach.
/// </summary>
internal sealed unsafe class InputGradient
{
    private readonly List<Part> _parts = [];
    private readonly List<LayerWeights> _weights = [];
    private readonly List<Work> _works = [];
    private readonly NativeBuffer _memory;
    private readonly int _input;
    private readonly int _output;
    private readonly int _kernel;
    private readonly int _groups;

    // The parts are computed after all weights are turned and packed.
    private readonly NativeBuffer _turned;

    /// <param name="set">The kernels of inference.</param>
    /// <param name="kernels">The kernels of training.</param>
    /// <param name="geometry">The convolution.</param>
    /// <param name="input">The input.</param>
    /// <param name="output">The output.</param>
    /// <param name="adds">Whether the input already has a gradient, from a later layer.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="memory">Memory that all layers use.</param>
    /// <param name="largestTile">The largest tile of Winograd's algorithm: 4, 2 or 0.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal InputGradient(
        KernelSet set, PassKernels kernels, in Geometry geometry, PassMap input, PassMap output, bool adds, int groups,
        PassMemory memory, int largestTile, int threads)
    {
        var g = geometry;
        (_groups, _turned) = (groups, memory.Parts);
        (_input, _output, _kernel) = (input.Shape.Channels, output.Shape.Channels, g.KernelHeight);
        var reversed = Reverse(g);
        if (g.Stride == 1)
        {
            var algorithm = AlgorithmOf(g, groups, largestTile);
            int[] all = [.. Enumerable.Range(0, g.KernelHeight).Reverse()];
            _parts.Add(new Part(reversed, algorithm, PackedOf(set, algorithm, all, all), TapsOf(all, all), 0, 0, 0));
        }
        else
        {
            long compact = 0;
            for (int y = 0; y < g.Stride; y++)
            {
                for (int x = 0; x < g.Stride; x++)
                {
                    int[] rows = TapsOf(y), columns = TapsOf(x);
                    var part = reversed with
                    {
                        OutputHeight = (g.Height - y + 1) / 2,
                        OutputWidth = (g.Width - x + 1) / 2,
                        KernelHeight = rows.Length,
                        KernelWidth = columns.Length,
                        Padding = 0,
                    };
                    if (part.Taps == 0 || part.Pixels == 0) continue;
                    _parts.Add(new Part(
                        part, Algorithm.Direct, PackedOf(set, Algorithm.Direct, rows, columns), TapsOf(rows, columns), compact, y, x));
                    compact += (long)part.Pixels * g.Pitch;
                }
            }
        }
        _memory = memory.Parts;
        long place = 0;
        bool isPadded = groups > 1 || _input < g.Pitch || _output < g.OutputPitch;
        foreach (var part in _parts)
        {
            var weights = new LayerWeights(part.Packed, isPadded, memory.Weights.Address + place, threads);
            place += part.Packed.Floats;
            _weights.Add(weights);
            var convolution = new Convolution<float, Epilogue>
            {
                Geometry = part.Geometry,
                Input = (nint)output.Gradient,
                Output = g.Stride == 1 ? (nint)input.Gradient : (nint)(_memory.Address + part.Place),
                Zeros = (nint)memory.Zeros.Address,
                Depth = weights.Depth,
                Weights = weights.Weights,
                Panels = weights.Panels,
                Epilogue = new Epilogue(weights.Bias, adds && g.Stride == 1 ? (nint)input.Gradient : 0, Relu: false),
            };
            _works.AddRange(ConvolutionLayer.WorksOf(set, convolution, part.Algorithm, memory, threads));
        }
        if (g.Stride == 1) return;
        _works.Add(RowsWork.Of(g.Images * g.Height, threads, rows => Spread(kernels, input, adds, memory.Zeros.Address, rows)));
    }

    internal IReadOnlyList<Work> Works => _works;

    /// <summary>The algorithm of the gradient.</summary>
    internal static Algorithm AlgorithmOf(in Geometry geometry, int groups, int largestTile) => geometry.Stride == 1
        ? AlgorithmChoice.Choose(Reverse(geometry), geometry.OutputPitch, geometry.Pitch, groups, largestTile)
        : Algorithm.Direct;

    /// <summary>The convolution from the output's gradient to the input's, for a stride of 1.</summary>
    internal static Geometry Reverse(in Geometry geometry) => new()
    {
        Images = geometry.Images, Height = geometry.OutputHeight, Width = geometry.OutputWidth, Pitch = geometry.OutputPitch,
        OutputHeight = geometry.Height, OutputWidth = geometry.Width, OutputPitch = geometry.Pitch,
        KernelHeight = geometry.KernelHeight, KernelWidth = geometry.KernelWidth, Dilation = geometry.Dilation,
        Padding = (geometry.Dilation * (geometry.KernelHeight - 1)) - geometry.Padding,
    };

    /// <summary>The memory for the gradient in parts that a convolution needs.</summary>
    internal static long FloatsOfParts(in Geometry geometry, int groups) => Math.Max(
        geometry.Stride == 1 ? 0 : (long)geometry.Images * geometry.Height * geometry.Width * geometry.Pitch,
        groups == 1 ? 0 : ConvolutionLayer.FloatsOfWeights(geometry));

    /// <summary>Packs the weights of the convolution.</summary>
    internal void Pack(PassThreads threads, float* weights)
    {
        for (int i = 0; i < _parts.Count; i++)
        {
            if (_groups > 1) Turn(weights, _parts[i].Taps, _turned.Address);
            _weights[i].Pack(threads, _groups > 1 ? _turned.Address : weights);
        }
    }

    // Writes weights [output, input / groups, taps] as those of the gradient: [input, output / groups, taps].
    private void Turn(float* weights, int[] taps, float* target)
    {
        int inputs = _input / _groups, outputs = _output / _groups, all = _kernel * _kernel;
        for (int i = 0; i < _input; i++)
        {
            for (int o = i / inputs * outputs; o < ((i / inputs) + 1) * outputs; o++)
            {
                float* source = weights + ((((long)o * inputs) + (i % inputs)) * all);
                foreach (int tap in taps) *target++ = source[tap];
            }
        }
    }

    // The taps that reach an even or odd row, in the order of the output's rows.
    private int[] TapsOf(int odd) => [.. Enumerable.Range(0, _kernel).Reverse().Where(tap => ((_kernel / 2) + odd - tap) % 2 == 0)];

    private PackedWeights PackedOf(KernelSet set, Algorithm algorithm, int[] rows, int[] columns)
    {
        if (algorithm != Algorithm.Direct)
            return PackedWeights.Winograd(set, AlgorithmChoice.Size(algorithm), _input, _output, isTransposed: true);
        return _groups == 1
            ? PackedWeights.Transposed(set, _input, _output, _kernel * _kernel, TapsOf(rows, columns))
            : PackedWeights.Direct(set, (_input, _output / _groups, rows.Length, columns.Length), _groups, readsImages: false);
    }

    private int[] TapsOf(int[] rows, int[] columns) =>
        [.. rows.SelectMany(row => columns.Select(column => (row * _kernel) + column))];

    // Brings the pixels of all kinds to their places.
    private void Spread(PassKernels kernels, PassMap input, bool adds, float* zeros, Range rows)
    {
        var (channels, height, width) = input.Shape;
        for (int row = rows.Start.Value; row < rows.End.Value; row++)
        {
            var (n, y) = Math.DivRem(row, height);
            for (int x = 0; x < Math.Min(2, width); x++)
            {
                float* target = input.Gradient + ((((long)row * width) + x) * input.Pitch);
                int pixels = (width - x + 1) / 2;
                if (_parts.Find(part => part.Row == y % 2 && part.Column == x) is { } part)
                {
                    long first = (((long)n * part.Geometry.OutputHeight) + (y / 2)) * part.Geometry.OutputWidth * input.Pitch;
                    kernels.Move(_memory.Address + part.Place + first, input.Pitch, target, 2 * input.Pitch, pixels, input.Pitch, adds);
                }
                else if (!adds)
                {
                    kernels.Move(zeros, 0, target, 2 * input.Pitch, pixels, input.Pitch, adds: false);
                }
            }
        }
    }

    // Some pixels of the input, every second one from a row and a column on, and where they are until all are known.
    private sealed record Part(
        Geometry Geometry, Algorithm Algorithm, PackedWeights Packed, int[] Taps, long Place, int Row, int Column);
}
