using ResNet.Core;
using ResNet.Training.Loading;
using static TorchSharp.torch;

namespace ResNet.Training.Evaluation;

/// <summary>
/// Collects the results of a pass over images. Sums, and a few bytes for each image, stay on the device until the pass is over,
/// so the host does not wait for the device.
/// </summary>
internal sealed class EvaluationTally
{
    private const int TopK = 5;

    private readonly int _classes;
    private readonly int[] _actual;
    private readonly int[] _positions;
    private readonly Tensor _predicted;
    private readonly Tensor _confidence;

    // The probability of the positive class of two; null for other numbers of classes.
    private readonly Tensor? _positive;
    private readonly int _positiveClass;

    // The loss, and the number of images whose class was among the first k.
    private readonly Tensor _sums;

    /// <summary>Begins an empty tally; its tensors belong to the current dispose scope.</summary>
    /// <param name="images">The maximum number of images.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="positiveClass">The positive class, if there are two.</param>
    /// <param name="device">The network's device.</param>
    internal EvaluationTally(int images, int classes, int positiveClass, Device device)
    {
        _positiveClass = positiveClass;
        (_classes, _actual, _positions) = (classes, new int[images], new int[images]);
        _predicted = empty(images, ScalarType.Int64, device);
        _confidence = empty(images, ScalarType.Float32, device);
        _positive = classes == 2 ? empty(images, ScalarType.Float32, device) : null;
        _sums = zeros(2, ScalarType.Float64, device);
    }

    internal int Images { get; private set; }

    /// <summary>Returns the sum of the losses so far; waits for the device.</summary>
    internal double FetchLossSum()
    {
        using var loss = _sums[0];
        return loss.ReadDouble();
    }

    /// <summary>Adds a batch.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="logProbabilities"><c>[N, classes]</c>, float32.</param>
    internal void Add(ImageBatch batch, Tensor logProbabilities)
    {
        var labels = batch.Labels.to(logProbabilities.device, non_blocking: true).unsqueeze(1);
        var (likeliest, ranked) = logProbabilities.topk(Math.Min(TopK, _classes));
        var loss = logProbabilities.gather(1, labels).sum(ScalarType.Float64).neg();
        _sums.AddInPlace(stack([loss, ranked.eq(labels).sum(ScalarType.Float64)]));
        _predicted.narrow(0, Images, batch.Count).copy_(ranked.select(1, 0));
        _confidence.narrow(0, Images, batch.Count).copy_(likeliest.select(1, 0).exp());
        _positive?.narrow(0, Images, batch.Count).copy_(logProbabilities.select(1, _positiveClass).exp());
        int at = Images;
        foreach (long label in batch.Labels.data<long>()) _actual[at++] = (int)label;
        for (int i = 0; i < batch.Count; i++) _positions[Images + i] = batch.Positions[i];
        Images += batch.Count;
    }

    /// <summary>Returns the outcomes of the pass; waits for the device.</summary>
    internal EvaluationOutcomes Fetch()
    {
        var sums = _sums.cpu().data<double>().ToArray();
        return new EvaluationOutcomes
        {
            Classes = _classes,
            PositiveClass = _positiveClass,
            Positions = _positions[..Images],
            Actual = _actual[..Images],
            Predicted = Array.ConvertAll(_predicted.narrow(0, 0, Images).cpu().data<long>().ToArray(), index => (int)index),
            Confidence = _confidence.narrow(0, 0, Images).cpu().data<float>().ToArray(),
            Positive = _positive?.narrow(0, 0, Images).cpu().data<float>().ToArray(),
            LossSum = sums[0],
            InTop5 = sums[1],
        };
    }
}
