using System.Diagnostics;
using ResNet.Core;
using ResNet.Imaging;
using ResNet.Training.Data;
using ResNet.Training.Loading;
using ResNet.Training.Optimization.Schedules;
using ResNet.Training.TrainingLoop;
using static TorchSharp.torch;

namespace ResNet.Training.LearningRates;

/// <summary>
/// Finds a learning rate by the range test of L. N. Smith ("Cyclical Learning Rates for Training Neural Networks", 2017,
/// https://arxiv.org/abs/1506.01186): trains for some steps with a rising learning rate, and records the loss. The rate rises by the same
/// factor with each step, as in fastai. The same seed gives the same bits.
/// </summary>
public sealed class LearningRateFinder
{
    private readonly ImageLoader _training;
    private readonly TrainerOptions _options;
    private readonly LearningRateFinderOptions _test;
    private readonly TrainingPlan _plan;

    /// <summary>Makes a finder.</summary>
    /// <param name="training">The images to learn from; the loader should shuffle.</param>
    /// <param name="options">
    /// The options of the training to find a rate for. Those of single steps count, such as the optimizer, the precision and the batches of
    /// a step; the learning rate and its schedule, the length, the average and everything about evaluation and checkpoints do not.
    /// </param>
    /// <param name="test">The options of the test; null for the defaults.</param>
    /// <exception cref="InvalidOptionException">The first learning rate is not less than the last one.</exception>
    public LearningRateFinder(ImageLoader training, TrainerOptions options, LearningRateFinderOptions? test = null)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(options);
        (_training, _test) = (training, test ?? new LearningRateFinderOptions());
        (From, To) = _test.Range(options.Optimizer);
        _options = new TrainerOptions
        {
            Steps = _test.Steps,
            Optimizer = options.Optimizer with { LearningRate = To },
            Schedule = new ExponentialSchedule(From / To),
            LabelSmoothing = options.LabelSmoothing,
            ClassWeights = options.ClassWeights,
            FocalGamma = options.FocalGamma,
            Mixing = options.Mixing,
            AccumulateBatches = options.AccumulateBatches,
            ClipNorm = options.ClipNorm,
            Precision = options.Precision,
            Engine = options.Engine,
        };
        _plan = new TrainingPlan(training, _options);
    }

    /// <summary>The learning rate of the first step.</summary>
    public double From { get; }

    /// <summary>The learning rate of the last step.</summary>
    public double To { get; }

    /// <summary>
    /// Runs the test. Afterwards the network has its former weights, statistics and modes; its weights are in channels-last layout.
    /// </summary>
    /// <param name="model">The network; the test starts from its weights.</param>
    /// <param name="progress">Receives progress reports with the smoothed loss.</param>
    /// <param name="cancellationToken">Stops the test after the batch in progress.</param>
    /// <exception cref="InvalidOptionException">
    /// Batch normalisation would have a single value per channel, or the number of class weights is not that of the network's classes.
    /// </exception>
    /// <exception cref="DatasetException">All images were skipped because they cannot be read.</exception>
    /// <exception cref="ImageDecodingException">An image cannot be read and is not skipped.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public LearningRateCurve Find(
        ResNetModel model, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        // Restores the modes of all modules.
        using var modes = new EvaluationMode(model);
        model.train();
        _plan.ThrowIfUnfit(model);
        var before = CopyState(model);
        var engineBefore = model.TrainingEngine;
        model.TrainingEngine = _options.Engine;
        try
        {
            using var state = new TrainingState(model, _options, _plan);
            return Run(state, progress, cancellationToken);
        }
        finally
        {
            using var untracked = no_grad();
            using var scope = NewDisposeScope();
            foreach (var (name, tensor) in model.state_dict()) tensor.copy_(before[name]);
            foreach (var tensor in before.Values) tensor.Dispose();
            model.TrainingEngine = engineBefore;
            model.ReleaseTrainingMemory();
        }
    }

    private static Dictionary<string, Tensor> CopyState(ResNetModel model)
    {
        using var scope = NewDisposeScope();
        return model.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone().DetachFromDisposeScope());
    }

    private LearningRateCurve Run(TrainingState state, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var points = new List<LearningRatePoint>();
        var clock = Stopwatch.StartNew();
        double average = 0, remaining = 1, lowest = double.PositiveInfinity;
        long images = 0;
        foreach (var step in Steps(state, cancellationToken))
        {
            double loss = step.FetchLoss();
            if (!double.IsFinite(loss)) return new LearningRateCurve(points, Diverged: true);
            average = (_test.Smoothing * average) + ((1 - _test.Smoothing) * loss);
            remaining *= _test.Smoothing;
            var point = new LearningRatePoint(_plan.GetLearningRate(step.Number), loss, average / (1 - remaining))
            {
                Step = (int)step.Number + 1,
            };
            points.Add(point);
            images += step.Images;
            Report(point);
            lowest = Math.Min(lowest, point.Smoothed);
            if (point.Smoothed > _test.StopAt * lowest) return new LearningRateCurve(points, Diverged: true);
        }
        return points.Count > 0 ? new LearningRateCurve(points, Diverged: false) : throw _training.NothingRead();

        void Report(LearningRatePoint point)
        {
            var time = clock.Elapsed;
            int done = (int)state.Step;
            progress?.Report(new TrainingProgress(
                TrainingPhase.Training, 1, 1, done, _test.Steps, images / time.TotalSeconds, point.Smoothed, point.LearningRate,
                time / done * (_test.Steps - done)));
        }
    }

    // Computes the steps, and returns each of them after it has changed the weights.
    private IEnumerable<TrainingStep> Steps(TrainingState state, CancellationToken cancellationToken)
    {
        for (int epoch = 0; epoch < _plan.Epochs; epoch++)
        {
            using var step = new TrainingStep(state, _options, _training);
            var size = _training.Transforms.Size;
            foreach (var batch in _training.Epoch(epoch, 0, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
                long number = _plan.GetStep(epoch, batch.Index);
                // As in a training, batches may be missing or left out if their images cannot be read.
                if (state.IsWithinStep && number != step.Number) yield return End(step);
                if (number >= _plan.Steps) break;
                if (batch.Skipped.Count > 0 && state.Model.HasSinglePixels(batch.Count, size.Height, size.Width)) continue;
                step.Add(batch, number, _plan.CountBatchesOfStep(batch.Index));
                if (_plan.EndsStep(batch.Index)) yield return End(step);
            }
            if (state.IsWithinStep) yield return End(step);
            state.EndEpoch(new() { Epoch = epoch + 1 });
        }

        TrainingStep End(TrainingStep step)
        {
            state.EndStep(step, double.IsFinite(step.FetchLoss()));
            return step;
        }
    }
}
