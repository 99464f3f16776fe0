using System.Runtime.CompilerServices;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;

namespace ResNet.Inference;

/// <summary>
/// Has the runtime compile the kernels while a file is opened, on another thread: their machine code is long, and a program's first
/// prediction would wait for it.
/// </summary>
internal static unsafe class KernelWarmUp
{
    // Tiles of six and of five pixels.
    private const int Width = 11, Channels = 64;

    private static readonly HashSet<int> s_begun = [];

    /// <summary>Begins, if the runtime compiles while a program runs, and has not done so for these kernels yet.</summary>
    internal static void Begin(KernelSet kernels)
    {
        if (!RuntimeFeature.IsDynamicCodeCompiled || Environment.ProcessorCount == 1) return;
        lock (s_begun)
        {
            if (!s_begun.Add(kernels.Lanes)) return;
        }
        try
        {
            new Thread(() => TryCompute(kernels)) { IsBackground = true, Name = "ResNet.Inference kernels" }.Start();
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            // The kernels are compiled when they are needed.
        }
    }

    private static void TryCompute(KernelSet kernels)
    {
        try
        {
            Compute(kernels);
        }
        catch (OutOfMemoryException)
        {
            // The kernels are compiled when they are needed.
        }
    }

    private static void Compute(KernelSet kernels)
    {
        var geometry = new Geometry
        {
            Images = 1, Height = 1, Width = Width, Pitch = Channels, OutputHeight = 1, OutputWidth = Width, OutputPitch = Channels,
            KernelHeight = 3, KernelWidth = 3, Padding = 1,
        };
        using var input = new NativeBuffer(Width * Channels);
        using var output = new NativeBuffer(Width * Channels);
        foreach (var algorithm in new[] { Algorithm.Direct, Algorithm.Winograd4, Algorithm.Winograd2 })
        {
            bool isDirect = algorithm == Algorithm.Direct;
            int size = AlgorithmChoice.Size(algorithm);
            var packed = isDirect
                ? PackedWeights.Direct(kernels, (Channels, Channels, 3, 3), groups: 1, readsImages: false)
                : PackedWeights.Winograd(kernels, size, Channels, Channels);
            using var weights = new NativeBuffer(Channels * Channels * WeightPacking.Taps);
            using var memory = new NativeBuffer(packed.Floats);
            using var scratch = new NativeBuffer(isDirect ? 0 : WinogradWork.Scratch(geometry, size, Channels, threads: 1));
            packed.Pack(weights.Address, bias: [], memory.Address);
            var convolution = new Convolution<float, Epilogue>
            {
                Geometry = geometry, Input = (nint)input.Address, Output = (nint)output.Address, Zeros = (nint)input.Address,
                Depth = packed.Depth, Weights = packed.Weights, Panels = packed.Panels,
                Epilogue = new Epilogue(packed.Bias, Add: 0, Relu: true),
            };
            var works = isDirect
                ? [ConvolutionWork.Of(kernels, convolution, threads: 1)]
                : WinogradWork.Of(kernels, convolution, size, threads: 1, (nint)scratch.Address);
            foreach (var work in works) work.ComputeAll();
        }
        kernels.MaxPool(geometry, input.Address, output.Address, ..1);
        kernels.Mean(input.Address, Width, Channels, output.Address);
    }
}
