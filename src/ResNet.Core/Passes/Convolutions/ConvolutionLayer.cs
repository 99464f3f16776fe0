using ResNet.Core.Inspection;
using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Steps;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Core.Passes.Convolutions;

/// <summary>A convolution and its gradients.</summary>
internal sealed unsafe class ConvolutionLayer : PassLayer
{
    private readonly Conv2d _module;
    private readonly int _inputs;
    private readonly int _groups;
    private readonly int _outputs;
    private readonly int _kernel;
    private readonly CentreWeights? _centre;
    private readonly LayerWeights _weights;
    private readonly Work[] _forward;
    private readonly IWeightGradient _weightGradient;
    private readonly InputGradient? _inputGradient;

    /// <param name="module">The module with the weights.</param>
    /// <param name="set">The kernels of inference.</param>
    /// <param name="kernels">The kernels of training.</param>
    /// <param name="geometry">
    /// The convolution; of images, a row of the kernel is one tap. A kernel of one tap, of a module with more, is the centre of its own.
    /// </param>
    /// <param name="readsImages">Whether the input are images, which need no gradients.</param>
    /// <param name="input">The input.</param>
    /// <param name="output">The output.</param>
    /// <param name="adds">Whether the input already has a gradient, from a later layer.</param>
    /// <param name="memory">Memory that all layers use.</param>
    /// <param name="largestTile">The largest tile of Winograd's algorithm: 4, 2 or 0.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal ConvolutionLayer(
        Conv2d module, KernelSet set, PassKernels kernels, in Geometry geometry, bool readsImages, PassMap input, PassMap output, bool adds,
        PassMemory memory, int largestTile, int threads)
    {
        (_module, _groups) = (module, (int)module.groups);
        (_inputs, _outputs, _kernel) = ((int)module.in_channels, (int)module.out_channels, geometry.KernelHeight);
        if (module.kernel_size[0] > _kernel)
            _centre = new CentreWeights(_outputs * (_inputs / _groups), (int)(module.kernel_size[0] * module.kernel_size[1]), threads);
        var algorithm = AlgorithmOf(geometry, _groups, readsImages, largestTile);
        var packed = algorithm == Algorithm.Direct
            ? PackedWeights.Direct(set, (_outputs, _inputs / _groups, _kernel, _kernel), _groups, readsImages)
            : PackedWeights.Winograd(set, AlgorithmChoice.Size(algorithm), _outputs, _inputs);
        bool isPadded = _groups > 1 || _outputs < output.Pitch || (_inputs < input.Pitch && !readsImages);
        _weights = new LayerWeights(packed, isPadded, memory.Weights.Address, threads);
        var convolution = new Convolution<float, Epilogue>
        {
            Geometry = geometry,
            Input = (nint)input.Data,
            Output = (nint)output.Data,
            Zeros = (nint)memory.Zeros.Address,
            Depth = _weights.Depth,
            Weights = _weights.Weights,
            Panels = _weights.Panels,
            Epilogue = new Epilogue(_weights.Bias, Add: 0, Relu: false),
        };
        _forward = WorksOf(set, convolution, algorithm, memory, threads);
        int depth = readsImages ? _kernel * _inputs : _groups > 1 ? _inputs / _groups : geometry.Pitch;
        if (!readsImages)
            _inputGradient = new InputGradient(set, kernels, geometry, input, output, adds, _groups, memory, largestTile, threads);
        int[] places = new int[geometry.Taps * depth];
        for (int tap = 0; tap < geometry.Taps; tap++)
        {
            for (int d = 0; d < depth; d++)
            {
                places[(tap * depth) + d] = readsImages
                    ? (d % _inputs * _kernel * _kernel) + (tap * _kernel) + (d / _inputs)
                    : d < _inputs / _groups ? (d * _kernel * _kernel) + tap : -1;
            }
        }
        _weightGradient = HasWinogradWeightGradient(geometry, _groups, largestTile)
            ? new WinogradWeightGradient(kernels, set, geometry, input, output, memory, threads)
            : new WeightGradient(
                kernels, set, geometry, depth, _groups, (nint)input.Data, (nint)output.Gradient, _outputs, places, memory, threads);
    }

    internal override IReadOnlyList<Tensor> Parameters => [_module.weight];

    /// <summary>The algorithm of a convolution.</summary>
    internal static Algorithm AlgorithmOf(in Geometry geometry, int groups, bool readsImages, int largestTile) => readsImages
        ? Algorithm.Direct
        : AlgorithmChoice.Choose(geometry, geometry.Pitch, geometry.OutputPitch, groups, largestTile);

    /// <summary>Whether Winograd's algorithm computes the gradient for the weights.</summary>
    internal static bool HasWinogradWeightGradient(in Geometry geometry, int groups, int largestTile) =>
        largestTile == 4 && groups == 1 && WinogradWeightGradient.IsFaster(geometry);

    /// <summary>The works of a convolution, to compute one after the other.</summary>
    internal static Work[] WorksOf(
        KernelSet set, in Convolution<float, Epilogue> convolution, Algorithm algorithm, PassMemory memory, int threads)
    {
        if (algorithm == Algorithm.Direct) return [ConvolutionWork.Of(set, convolution, threads)];
        int size = AlgorithmChoice.Size(algorithm);
        if (WinogradWork.Scratch(convolution.Geometry, size, convolution.Depth, threads) > memory.Tiles.Length)
            throw new InvalidOperationException("A convolution needs more memory for its tiles than there is.");
        return WinogradWork.Of(set, convolution, size, threads, (nint)memory.Tiles.Address);
    }

    /// <summary>The most memory that packed weights, or their gradients, need.</summary>
    internal static long FloatsOfWeights(in Geometry geometry)
    {
        // Winograd's algorithm makes 36 weights of nine; in a row of an image's pixels, taps lie together.
        int taps = geometry is { KernelHeight: 3, KernelWidth: 3 } ? 36 : geometry.Taps;
        int depth = geometry.KernelWidth == 1 && geometry.KernelHeight > 1 ? geometry.KernelHeight * geometry.Pitch : geometry.Pitch;
        int columns = geometry.OutputPitch;
        return (taps * WinogradBlock.WeightStep(depth, columns)) + (4L * Math.Max(depth, columns));
    }

    /// <summary>The memory for sums that the gradient for the weights needs.</summary>
    internal static long FloatsOfSums(in Geometry geometry, int threads) =>
        Math.Max(FloatsOfWeights(geometry), WinogradWeightGradient.FloatsOfSums(geometry, threads));

    /// <summary>The memory for tiles and copies that the convolution and its gradients need.</summary>
    internal static long FloatsOfTiles(KernelSet set, in Geometry geometry, bool readsImages, int largestTile, int threads)
    {
        long copies = WeightGradient.FloatsOfCopies(geometry, set, threads);
        if (readsImages) return copies;
        long tiles = largestTile == 4 ? WinogradWeightGradient.FloatsOfTiles(geometry, threads) : 0;
        return Math.Max(Math.Max(copies, tiles), Math.Max(Of(geometry), Of(InputGradient.Reverse(geometry))));

        long Of(in Geometry g)
        {
            var algorithm = AlgorithmChoice.Choose(g, g.Pitch, g.OutputPitch, groups: 1, largestTile);
            return algorithm == Algorithm.Direct ? 0 : WinogradWork.Scratch(g, AlgorithmChoice.Size(algorithm), g.Pitch, threads);
        }
    }

    internal override void Forward(PassThreads threads)
    {
        using (var weights = Contiguous())
        {
            _centre?.Gather(threads, AddressOf(weights));
            _weights.Pack(threads, _centre is null ? AddressOf(weights) : _centre.Weights);
        }
        threads.Run(_forward, TrainingWorkKind.Convolution);
    }

    internal override void Backward(PassThreads threads, ReadOnlySpan<nint> gradients)
    {
        if (gradients[0] != 0)
        {
            _weightGradient.Compute(threads, _centre is null ? (float*)gradients[0] : _centre.Gradient);
            _centre?.Scatter(threads, (float*)gradients[0]);
        }
        if (_inputGradient is null) return;
        if (_centre is null) using (var weights = Contiguous()) _inputGradient.Pack(threads, AddressOf(weights));
        else _inputGradient.Pack(threads, _centre.Weights);
        threads.Run(_inputGradient.Works, TrainingWorkKind.InputGradient);
    }

    public override void Dispose()
    {
        _centre?.Dispose();
        base.Dispose();
    }

    private Tensor Contiguous()
    {
        using var weight = _module.weight.detach();
        return weight.contiguous();
    }
}
