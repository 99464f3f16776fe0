using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ResNet.Core.Inspection;
using ResNet.Core.Layers;
using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Plans;
using ResNet.Core.Passes.Threads;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Core.Passes.Steps;

/// <summary>A batch norm, a sum and ReLU.</summary>
/// <remarks>
/// Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, with the gradients of its section 3.
/// Means and variances are sums over parts of the pixels, in single precision, which are added in double precision in their order: they do
/// not depend on the number of threads.
/// </remarks>
internal sealed unsafe class NormLayer : PassLayer
{
    // Sums in single precision are of so many numbers at most.
    private const int MostPixels = 256;
    private const int FloatsOfPart = 32 * 1024;

    // The rows of _factors.
    private const int Scale = 0, Shift = 1, Mean = 2, Deviation = 3, OfGradient = 4, Rows = 8;

    private readonly NormStep _step;
    private readonly PassMap _input;
    private readonly PassMap _output;
    private readonly int _part;
    private readonly int _parts;
    private readonly NativeBuffer _sums;
    private readonly NativeBuffer _factors;
    private readonly Work _moments;
    private readonly Work _normalize;
    private readonly Work _gradientSums;
    private readonly Work _gradient;
    private readonly Work _statistics;
    private readonly Work _gradientFactors;
    private double _momentum;

    // The pixels whose mean and variance the norm has, of all processes.
    private double _count;
    private float* _weight;
    private float* _bias;
    private float* _runningMean;
    private float* _runningVariance;
    private float* _weightGradient;
    private float* _biasGradient;

    /// <param name="step">The step.</param>
    /// <param name="kernels">The kernels of inference.</param>
    /// <param name="gradients">The kernels of training.</param>
    /// <param name="input">What is normalised.</param>
    /// <param name="output">The output.</param>
    /// <param name="add">What is added; null for nothing.</param>
    /// <param name="adds">Whether the input already has a gradient, from a later layer.</param>
    /// <param name="addsAdded">Whether what is added already has one.</param>
    /// <param name="threads">The most threads that compute together.</param>
    internal NormLayer(
        NormStep step, KernelSet kernels, PassKernels gradients, PassMap input, PassMap output, PassMap? add, bool adds, bool addsAdded,
        int threads)
    {
        (_step, _input, _output) = (step, input, output);
        int pitch = input.Pitch;
        _part = Math.Clamp(FloatsOfPart / pitch, 1, MostPixels);
        _parts = Division.Ratio(input.Pixels, _part);
        _sums = new NativeBuffer((long)_parts * 2 * pitch);
        _factors = new NativeBuffer(Rows * pitch);
        bool relu = step.Relu, looksAtOutput = relu && add is not null;
        float* affine = relu && add is null ? Factor(Scale) : null;
        _moments = new RowsWork(_parts, PartsOfWork(threads), threads, parts => ForEach(parts, (first, pixels, sums) =>
            gradients.Moments(input.Data + first, pixels, pitch, sums)));
        // Some channels for each thread, in whole cache lines.
        int vectors = pitch / KernelSet.Alignment, vectorsOfThread = Division.Ratio(vectors, threads);
        _statistics = new RowsWork(vectors, vectorsOfThread, threads, SetStatistics);
        _gradientFactors = new RowsWork(vectors, vectorsOfThread, threads, SetGradientFactors);
        _normalize = RowsWork.Of(input.Pixels, threads, pixels => kernels.Pointwise(
            input.Data, Factor(Scale), Factor(Shift), add is null ? null : add.Data, relu, pitch, output.Data, pixels));
        _gradientSums = new RowsWork(_parts, PartsOfWork(threads), threads, parts => ForEach(parts, (first, pixels, sums) =>
            gradients.NormSums(
                output.Gradient + first, looksAtOutput ? output.Data + first : null, affine, input.Data + first, Factor(Mean), pixels,
                pitch, sums)));
        _gradient = new RowsWork(_parts, PartsOfWork(threads), threads, parts => ForEach(parts, (first, pixels, _) =>
            gradients.NormGradient(
                output.Gradient + first, looksAtOutput ? output.Data + first : null, affine, input.Data + first, Factor(OfGradient), pixels,
                pitch, input.Gradient + first, adds, add is null ? null : add.Gradient + first, addsAdded)));
    }

    internal override IReadOnlyList<Tensor> Parameters => _step.Module is BatchNorm2d ? [_step.Weight, _step.Bias!] : [];

    internal override void Forward(PassThreads threads)
    {
        FindParameters();
        if (_step is { UsesBatch: true, Module: BatchNorm2d norm })
        {
            long batches = CountBatch(norm.num_batches_tracked!);
            _momentum = norm.momentum ?? 1.0 / batches;
            _count = _input.Pixels;
            threads.Run(_moments, TrainingWorkKind.Norm);
            if (threads.BatchSums is { } sums) SetStatistics(sums);
            else threads.Run(_statistics, TrainingWorkKind.Norm);
        }
        else
        {
            for (int c = 0; c < _input.Shape.Channels; c++) SetFactors(c, _runningMean[c], _runningVariance[c]);
        }
        threads.Run(_normalize, TrainingWorkKind.Norm);
    }

    /// <summary>Computes the output again, from the input and the statistics of the pass.</summary>
    internal void Renew(PassThreads threads) => threads.Run(_normalize, TrainingWorkKind.Renewal);

    internal override void Backward(PassThreads threads, ReadOnlySpan<nint> gradients)
    {
        FindParameters();
        _weightGradient = gradients.IsEmpty ? null : (float*)gradients[0];
        _biasGradient = gradients.IsEmpty ? null : (float*)gradients[1];
        if (_step.UsesBatch || _weightGradient is not null || _biasGradient is not null)
            threads.Run(_gradientSums, TrainingWorkKind.NormGradient);
        if (_step.UsesBatch && threads.BatchSums is { } sums) SetGradientFactors(sums);
        else threads.Run(_gradientFactors, TrainingWorkKind.NormGradient);
        threads.Run(_gradient, TrainingWorkKind.NormGradient);
    }

    public override void Dispose()
    {
        _sums.Dispose();
        _factors.Dispose();
        base.Dispose();
    }

    private float* Factor(int row) => _factors.Address + ((long)row * _input.Pitch);

    private int PartsOfWork(int threads) => Math.Max(1, _parts / (8 * threads));

    // TorchSharp's addition leaves a scalar to the collector.
    private static long CountBatch(Tensor count)
    {
        if (count.dtype != ScalarType.Int64)
            throw new InvalidOperationException($"A norm's count of batches is {count.dtype} in place of Int64.");
        return ++MemoryMarshal.AsRef<long>(count.bytes);
    }

    // A module's tensors may be replaced between passes.
    private void FindParameters()
    {
        _weight = AddressOf(_step.Weight);
        _bias = AddressOf(_step.Bias!);
        _runningMean = AddressOf(_step.Mean!);
        _runningVariance = AddressOf(_step.Variance!);
    }

    private (int Begin, int End) ChannelsOf(Range vectors) =>
        (vectors.Start.Value * KernelSet.Alignment, Math.Min(vectors.End.Value * KernelSet.Alignment, _input.Shape.Channels));

    private void ForEach(Range parts, PartOfPixels compute)
    {
        int pitch = _input.Pitch;
        for (int part = parts.Start.Value; part < parts.End.Value; part++)
        {
            int first = part * _part, pixels = Math.Min(_part, _input.Pixels - first);
            compute((long)first * pitch, pixels, _sums.Address + ((long)part * 2 * pitch));
        }
    }

    // Mean and variance of the batch, the running ones, and the factors of the norm, for some vectors of channels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SetStatistics(Range vectors)
    {
        var (begin, end) = ChannelsOf(vectors);
        double* mean = stackalloc double[end - begin], squares = stackalloc double[end - begin];
        MergeMoments(begin, end, mean, squares);
        for (int c = begin; c < end; c++) SetStatistics(c, mean[c - begin], squares[c - begin]);
    }

    // The same of the pixels of all processes. Their sums are of distances from the running mean, which all of them have.
    private void SetStatistics(BatchSums sums)
    {
        int channels = _input.Shape.Channels;
        var moments = new double[2 * channels];
        fixed (double* mean = moments) MergeMoments(0, channels, mean, mean + channels);
        using var table = zeros((2 * channels) + 1, ScalarType.Float64);
        var all = MemoryMarshal.Cast<byte, double>(table.bytes);
        if (sums.Counts)
        {
            for (int c = 0; c < channels; c++)
            {
                double distance = moments[c] - _runningMean[c];
                all[c] = _count * distance;
                all[channels + c] = moments[channels + c] + (_count * distance * distance);
            }
            all[^1] = _count;
        }
        sums.Sum(table);
        _count = all[^1];
        for (int c = 0; c < channels; c++)
        {
            double distance = all[c] / _count;
            SetStatistics(c, _runningMean[c] + distance, Math.Max(all[channels + c] - (_count * distance * distance), 0));
        }
    }

    private void SetStatistics(int channel, double mean, double squares)
    {
        SetFactors(channel, mean, squares / _count);
        _runningMean[channel] = (float)(((1 - _momentum) * _runningMean[channel]) + (_momentum * mean));
        _runningVariance[channel] = (float)(((1 - _momentum) * _runningVariance[channel]) + (_momentum * squares / (_count - 1)));
    }

    // The mean of all pixels here, and the sum of the squared differences from it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MergeMoments(int begin, int end, double* mean, double* squares)
    {
        int pitch = _input.Pitch, length = end - begin;
        new Span<double>(mean, length).Clear();
        new Span<double>(squares, length).Clear();
        double count = 0;
        for (int part = 0; part < _parts; part++)
        {
            // The parts' means and sums of squared differences are merged (Chan, Golub and LeVeque 1979).
            int first = part * _part, pixels = Math.Min(_part, _input.Pixels - first);
            float* sums = _sums.Address + ((long)part * 2 * pitch) + begin, data = _input.Data + ((long)first * pitch) + begin;
            double ofPart = 1.0 / pixels, weight = pixels / (count + pixels), both = count * weight;
            for (int c = 0; c < length; c++)
            {
                double difference = sums[c] * ofPart, distance = data[c] + difference - mean[c];
                double partSquares = sums[pitch + c] - (difference * sums[c]);
                mean[c] += distance * weight;
                squares[c] += Math.Max(partSquares, 0) + (distance * distance * both);
            }
            count += pixels;
        }
    }

    private void SetFactors(int channel, double mean, double variance)
    {
        double scale = 1 / Math.Sqrt(variance + _step.Epsilon);
        Factor(Mean)[channel] = (float)mean;
        Factor(Deviation)[channel] = (float)scale;
        Factor(Scale)[channel] = (float)(_weight[channel] * scale);
        Factor(Shift)[channel] = (float)(_bias[channel] - (mean * _weight[channel] * scale));
    }

    // The gradients of the parameters, and the factors of the gradient of the input.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SetGradientFactors(Range vectors)
    {
        var (begin, end) = ChannelsOf(vectors);
        double* sum = stackalloc double[end - begin], products = stackalloc double[end - begin];
        AddGradients(begin, end, sum, products);
        for (int c = begin; c < end; c++) SetGradientFactors(c, sum[c - begin], products[c - begin]);
    }

    // The same of all processes; the parameters have the gradients of the pixels here.
    private void SetGradientFactors(BatchSums sums)
    {
        int channels = _input.Shape.Channels;
        using var table = zeros(2 * channels, ScalarType.Float64);
        var all = MemoryMarshal.Cast<byte, double>(table.bytes);
        fixed (double* sum = all) AddGradients(0, channels, sum, sum + channels);
        sums.Sum(table);
        for (int c = 0; c < channels; c++)
        {
            if (sums.Counts) SetGradientFactors(c, all[c], all[channels + c]);
            else Factor(OfGradient)[c] = Factor(OfGradient + 1)[c] = Factor(OfGradient + 2)[c] = 0;
        }
    }

    // The sums over all pixels here, and with them the gradients of the parameters.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddGradients(int begin, int end, double* sum, double* products)
    {
        int pitch = _input.Pitch, length = end - begin;
        new Span<double>(sum, length).Clear();
        new Span<double>(products, length).Clear();
        for (int part = 0; part < _parts; part++)
        {
            float* sums = _sums.Address + ((long)part * 2 * pitch) + begin;
            for (int c = 0; c < length; c++)
            {
                sum[c] += sums[c];
                products[c] += sums[pitch + c];
            }
        }
        for (int c = begin; c < end; c++)
        {
            if (_weightGradient is not null) _weightGradient[c] = (float)(products[c - begin] * Factor(Deviation)[c]);
            if (_biasGradient is not null) _biasGradient[c] = (float)sum[c - begin];
        }
    }

    private void SetGradientFactors(int channel, double sum, double products)
    {
        double deviation = Factor(Deviation)[channel], a = _weight[channel] * deviation;
        Factor(OfGradient)[channel] = (float)a;
        Factor(OfGradient + 3)[channel] = Factor(Mean)[channel];
        // Running statistics do not depend on the input.
        if (!_step.UsesBatch) return;
        Factor(OfGradient + 1)[channel] = (float)(-a * deviation * deviation * products / _count);
        Factor(OfGradient + 2)[channel] = (float)(-a * sum / _count);
    }

    private delegate void PartOfPixels(long first, int pixels, float* sums);
}
