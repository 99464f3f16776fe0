using ResNet.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.TrainingLoop;

/// <summary>The loss of a batch: cross entropy or focal loss, with weights of the classes and label smoothing.</summary>
internal sealed class TrainingLoss : IDisposable
{
    // The gradient of (1 - p)^gamma is not finite at p = 1 if gamma is less than 1.
    private const double LeastRest = 1e-12;

    private readonly TrainerOptions _options;
    private readonly Tensor? _weights;

    internal TrainingLoss(TrainerOptions options, Device device)
    {
        _options = options;
        if (options.ClassWeights is not { } weights) return;
        using var scope = NewDisposeScope();
        float[] values = [.. weights.Select(weight => (float)weight)];
        _weights = tensor(values, device: device).DetachFromDisposeScope();
    }

    /// <summary>Computes the mean loss of a batch.</summary>
    /// <param name="logits"><c>[N, classes]</c>, float32.</param>
    /// <param name="labels">Class numbers <c>[N]</c>, int64, or each class's share of each image, <c>[N, classes]</c>, float32.</param>
    internal Tensor Compute(Tensor logits, Tensor labels) => _options.FocalGamma is { } gamma
        ? ComputeFocal(logits, labels, gamma)
        : nn.functional.cross_entropy(logits, labels, _weights, label_smoothing: _options.LabelSmoothing);

    /// <summary>Returns what <see cref="Compute"/> divides the sum of the images' losses by; waits for the device.</summary>
    /// <param name="labels">As for <see cref="Compute"/>.</param>
    internal double Divisor(Tensor labels)
    {
        if (_weights is null || labels.dtype != ScalarType.Int64) return labels.size(0);
        using var scope = NewDisposeScope();
        return _weights.to(ScalarType.Float64)[labels].sum().ReadDouble();
    }

    public void Dispose() => _weights?.Dispose();

    // The sum and the divisor are those of PyTorch's cross_entropy, which this is for gamma 0.
    private Tensor ComputeFocal(Tensor logits, Tensor labels, double gamma)
    {
        long classes = logits.size(1);
        bool hasOneClass = labels.dtype == ScalarType.Int64;
        var targets = hasOneClass ? nn.functional.one_hot(labels, classes).to(logits.dtype) : labels;
        using Scalar rest = 1 - _options.LabelSmoothing, least = LeastRest, exponent = gamma, images = labels.size(0);
        var smoothed = targets.mul(rest).AddInPlace(_options.LabelSmoothing / classes);
        var logProbabilities = logits.log_softmax(1);
        var focused = logProbabilities.expm1().neg().clamp_min(least).pow(exponent).mul(logProbabilities);
        var sum = focused.mul(Weighted(smoothed)).sum().neg();
        return hasOneClass ? sum.div(Weighted(targets).sum()) : sum.div(images);
    }

    private Tensor Weighted(Tensor targets) => _weights is null ? targets : targets.mul(_weights);
}
