using ResNet.Core;
using ResNet.Training.Data;
using ResNet.Training.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>
/// Trains a network with stochastic gradient descent with Nesterov momentum, a learning rate of warm-up and cosine, and
/// label smoothing, and evaluates it after each epoch.
/// </summary>
public sealed class Trainer
{
    private readonly ImageLoader _training;
    private readonly Evaluator? _evaluator;
    private readonly TrainerOptions _options;

    /// <summary>A trainer on these images.</summary>
    /// <param name="training">The images to learn from; the loader should shuffle.</param>
    /// <param name="evaluation">The images to evaluate on after each epoch; null for none.</param>
    /// <param name="options">How to train.</param>
    public Trainer(ImageLoader training, ImageLoader? evaluation, TrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(options);
        (_training, _options) = (training, options);
        _evaluator = evaluation is null ? null : new Evaluator(evaluation);
    }

    /// <summary>Called after each epoch with what came out of it, while the network has the epoch's weights.</summary>
    public event Action<EpochMetrics>? EpochCompleted;

    /// <summary>Trains the network, which is laid out channels-last for it and is left in training mode.</summary>
    /// <param name="model">The network; its weights are where training starts.</param>
    /// <param name="progress">Hears how far it is.</param>
    /// <param name="cancellationToken">
    /// Stops after the step or evaluation batch in progress. The network keeps the weights it has by then, and the
    /// outcome says that it was interrupted.
    /// </param>
    /// <exception cref="ArgumentException">Batch normalisation would have a single value a channel: one image, and no larger than the network's reduction.</exception>
    /// <exception cref="DatasetException">All images of an epoch were skipped because they cannot be read.</exception>
    /// <exception cref="ArithmeticException">The loss is not finite: the run has diverged.</exception>
    public TrainingOutcome Train(ResNetModel model, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        // Now, and not at the end of the first epoch, where the smallest batch is.
        model.train();
        model.RefuseSinglePixels(_training.SmallestBatch, _training.Transforms.Size.Height, _training.Transforms.Size.Width);
        var completed = new List<EpochMetrics>();
        long steps = 0;
        model.ToChannelsLast();
        var sgd = (Sgd)_options.Optimizer;
        using var optimizer = optim.SGD(
            model.parameters(), sgd.LearningRate, sgd.Momentum, weight_decay: sgd.WeightDecay, nesterov: sgd.Nesterov);
        try
        {
            for (int epoch = 1; epoch <= _options.Epochs; epoch++)
            {
                var meter = new ProgressMeter(TrainingPhase.Training, epoch, _options.Epochs, _training.Batches, progress);
                var (loss, learningRate) = Epoch(model, optimizer, epoch, meter, ref steps, cancellationToken);
                double speed = meter.ImagesPerSecond;
                var evaluation = _evaluator?.Evaluate(model, epoch, _options.Epochs, progress, cancellationToken);
                var metrics = new EpochMetrics(
                    epoch, loss, evaluation?.Loss ?? double.NaN, evaluation?.Top1 ?? double.NaN, evaluation?.Top5 ?? double.NaN, learningRate, speed);
                completed.Add(metrics);
                EpochCompleted?.Invoke(metrics);
            }
            return new TrainingOutcome(completed, steps, Interrupted: false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new TrainingOutcome(completed, steps, Interrupted: true);
        }
    }

    private (double Loss, double LearningRate) Epoch(
        ResNetModel model, optim.Optimizer optimizer, int epoch, ProgressMeter meter, ref long steps, CancellationToken cancellationToken)
    {
        long total = (long)_options.Epochs * _training.Batches;
        using var lossSum = zeros(1, ScalarType.Float64, model.Device);
        double learningRate = 0;
        long images = 0;
        long before = (epoch - 1L) * _training.Batches;
        model.train();
        foreach (var batch in _training.Epoch(epoch - 1, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            learningRate = _options.Optimizer.LearningRate * _options.Schedule.Factor(before + batch.Index, total);
            foreach (var group in optimizer.ParamGroups) group.LearningRate = learningRate;
            Step(model, optimizer, batch, lossSum);
            steps++;
            images += batch.Count;
            meter.Advance(batch, learningRate, () => Finite(lossSum, epoch));
        }
        return images > 0 ? (Finite(lossSum, epoch) / images, learningRate) : throw _training.NothingRead();
    }

    private void Step(ResNetModel model, optim.Optimizer optimizer, ImageBatch batch, Tensor lossSum)
    {
        using var scope = NewDisposeScope();
        var device = model.Device;
        var logits = model.call(batch.ToInput(device).to(model.DType)).to(ScalarType.Float32);
        var loss = nn.functional.cross_entropy(logits, batch.Labels.to(device, non_blocking: true), label_smoothing: _options.LabelSmoothing);
        // Without gradients, rather than with zeros: the next backward pass then need not add to them.
        model.zero_grad();
        loss.backward();
        optimizer.step();
        lossSum.add_(loss.detach().to(ScalarType.Float64), batch.Count);
    }

    private static double Finite(Tensor lossSum, int epoch)
    {
        double sum = lossSum.ToDouble();
        return double.IsFinite(sum)
            ? sum
            : throw new ArithmeticException($"The loss is no longer finite in epoch {epoch}: the training has diverged. Try a lower learning rate.");
    }
}
