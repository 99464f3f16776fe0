using System.Diagnostics;
using ResNet.Core;
using ResNet.Training.Data;
using ResNet.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Evaluation;

/// <summary>Measures loss, top-1 and top-5 accuracy of a network over a loader's images.</summary>
public sealed class Evaluator
{
    private const int TopK = 5;

    private readonly ImageLoader _loader;

    /// <summary>An evaluator of these images.</summary>
    /// <param name="loader">The images; it should neither shuffle nor augment.</param>
    public Evaluator(ImageLoader loader)
    {
        ArgumentNullException.ThrowIfNull(loader);
        _loader = loader;
    }

    /// <summary>Passes over all images in inference mode. The modes of the network and its modules are as before afterwards.</summary>
    /// <param name="model">The network.</param>
    /// <param name="progress">Hears how far it is.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <exception cref="DatasetException">All images were skipped because they cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public EvaluationResult Evaluate(ResNetModel model, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Evaluate(model, epoch: 1, epochs: 1, progress, cancellationToken);

    internal EvaluationResult Evaluate(ResNetModel model, int epoch, int epochs, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var mode = new EvaluationMode(model);
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        return Pass(model, new ProgressMeter(TrainingPhase.Evaluating, epoch, epochs, _loader.Batches, progress), cancellationToken);
    }

    private EvaluationResult Pass(ResNetModel model, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var device = model.Device;
        // Loss, and how often the class was the likeliest and among the first k: sums that stay on the device.
        var sums = zeros(3, ScalarType.Float64, device);
        var clock = Stopwatch.StartNew();
        int images = 0;
        foreach (var batch in _loader.Epoch(0, cancellationToken))
        {
            using (NewDisposeScope())
            {
                var labels = batch.Labels.to(device, non_blocking: true);
                var logits = model.call(batch.ToInput(device).to(model.DType)).to(ScalarType.Float32);
                var loss = nn.functional.cross_entropy(logits, labels, reduction: nn.Reduction.Sum);
                var (_, ranked) = logits.topk((int)Math.Min(TopK, logits.size(1)));
                var hits = ranked.eq(labels.unsqueeze(1));
                sums.add_(stack([loss.to(ScalarType.Float64), hits.select(1, 0).sum(ScalarType.Float64), hits.sum(ScalarType.Float64)]));
            }
            images += batch.Count;
            meter.Advance(batch, learningRate: 0, () => sums[0].ToDouble());
        }
        if (images == 0) throw _loader.NothingRead();
        var totals = sums.cpu().data<double>().ToArray();
        return new EvaluationResult(
            totals[0] / images, 100 * totals[1] / images, 100 * totals[2] / images, images, images / clock.Elapsed.TotalSeconds);
    }
}
