using ResNet.Core.Passes.Kernels;
using ResNet.Core.Passes.Plans;
using ResNet.Inference.Execution;
using ResNet.Inference.Execution.Buffers;
using ResNet.Inference.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Core.Passes.Steps;

/// <summary>A batch norm of the batch's own statistics, a sum and ReLU.</summary>
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

    private readonly BatchNorm2d _norm;
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
        (_norm, _input, _output) = (step.Module, input, output);
        int pitch = input.Pitch;
        _part = Math.Clamp(FloatsOfPart / pitch, 1, MostPixels);
        _parts = Division.Ratio(input.Pixels, _part);
        _sums = new NativeBuffer((long)_parts * 2 * pitch);
        _factors = new NativeBuffer(Rows * pitch);
        bool relu = step.Relu, looksAtOutput = relu && add is not null;
        float* affine = relu && add is null ? Factor(Scale) : null;
        _moments = new RowsWork(_parts, PartsOfWork(threads), threads, parts => ForEach(parts, (first, pixels, sums) =>
            gradients.Moments(input.Data + first, pixels, pitch, sums)));
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

    internal override IReadOnlyList<Tensor> Parameters => [_norm.weight, _norm.bias!];

    internal override void Forward(Action<Work> run)
    {
        run(_moments);
        SetStatistics();
        run(_normalize);
    }

    /// <summary>Computes the output again, from the input and the statistics of the pass.</summary>
    internal void Renew(Action<Work> run) => run(_normalize);

    internal override void Backward(Action<Work> run, ReadOnlySpan<nint> gradients)
    {
        run(_gradientSums);
        SetGradientFactors((float*)gradients[0], (float*)gradients[1]);
        run(_gradient);
    }

    public override void Dispose()
    {
        _sums.Dispose();
        _factors.Dispose();
        base.Dispose();
    }

    private float* Factor(int row) => _factors.Address + ((long)row * _input.Pitch);

    private int PartsOfWork(int threads) => Math.Max(1, _parts / (8 * threads));

    private void ForEach(Range parts, PartOfPixels compute)
    {
        int pitch = _input.Pitch;
        for (int part = parts.Start.Value; part < parts.End.Value; part++)
        {
            int first = part * _part, pixels = Math.Min(_part, _input.Pixels - first);
            compute((long)first * pitch, pixels, _sums.Address + ((long)part * 2 * pitch));
        }
    }

    // Mean and variance of the batch, the running ones, and the factors of the norm.
    private void SetStatistics()
    {
        int channels = _input.Shape.Channels, pitch = _input.Pitch;
        float* weight = AddressOf(_norm.weight), bias = AddressOf(_norm.bias!);
        float* runningMean = AddressOf(_norm.running_mean!), runningVariance = AddressOf(_norm.running_var!);
        using (Scalar one = 1) _norm.num_batches_tracked!.add_(one);
        double momentum = _norm.momentum ?? 1.0 / _norm.num_batches_tracked.ReadInt64(), all = _input.Pixels;
        for (int c = 0; c < channels; c++)
        {
            // The parts' means and sums of squared differences are merged (Chan, Golub and LeVeque 1979).
            double mean = 0, squares = 0, count = 0;
            for (int part = 0; part < _parts; part++)
            {
                int first = part * _part, pixels = Math.Min(_part, _input.Pixels - first);
                float* sums = _sums.Address + ((long)part * 2 * pitch);
                double difference = sums[c] / pixels, partMean = _input.Data[((long)first * pitch) + c] + difference;
                double partSquares = sums[pitch + c] - (difference * sums[c]), distance = partMean - mean, total = count + pixels;
                mean += distance * pixels / total;
                squares += Math.Max(partSquares, 0) + (distance * distance * count * pixels / total);
                count = total;
            }
            double variance = squares / all, deviation = 1 / Math.Sqrt(variance + _norm.eps);
            Factor(Mean)[c] = (float)mean;
            Factor(Deviation)[c] = (float)deviation;
            Factor(Scale)[c] = (float)(weight[c] * deviation);
            Factor(Shift)[c] = (float)(bias[c] - (mean * weight[c] * deviation));
            runningMean[c] = (float)(((1 - momentum) * runningMean[c]) + (momentum * mean));
            runningVariance[c] = (float)(((1 - momentum) * runningVariance[c]) + (momentum * squares / (all - 1)));
        }
    }

    private void SetGradientFactors(float* weightGradient, float* biasGradient)
    {
        int channels = _input.Shape.Channels, pitch = _input.Pitch;
        float* weight = AddressOf(_norm.weight);
        for (int c = 0; c < channels; c++)
        {
            double sum = 0, products = 0;
            for (int part = 0; part < _parts; part++)
            {
                float* sums = _sums.Address + ((long)part * 2 * pitch);
                sum += sums[c];
                products += sums[pitch + c];
            }
            double deviation = Factor(Deviation)[c], a = weight[c] * deviation;
            if (weightGradient is not null) weightGradient[c] = (float)(products * deviation);
            if (biasGradient is not null) biasGradient[c] = (float)sum;
            Factor(OfGradient)[c] = (float)a;
            Factor(OfGradient + 1)[c] = (float)(-a * deviation * deviation * products / _input.Pixels);
            Factor(OfGradient + 2)[c] = (float)(-a * sum / _input.Pixels);
            Factor(OfGradient + 3)[c] = Factor(Mean)[c];
        }
    }

    private delegate void PartOfPixels(long first, int pixels, float* sums);
}
