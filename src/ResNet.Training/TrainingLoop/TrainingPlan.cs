using ResNet.Training.Loading;

namespace ResNet.Training.TrainingLoop;

/// <summary>The plan of a run, which its options determine: the length, the step of each batch, and the learning rates.</summary>
internal sealed class TrainingPlan
{
    private readonly ImageLoader _training;
    private readonly TrainerOptions _options;
    private readonly int _stepsPerEpoch;
    private readonly long _warmup;

    internal TrainingPlan(ImageLoader training, TrainerOptions options)
    {
        (_training, _options) = (training, options);
        _stepsPerEpoch = (training.Batches + options.AccumulateBatches - 1) / options.AccumulateBatches;
        Steps = options.Steps ?? (long)options.Epochs * _stepsPerEpoch;
        long most = options.Steps is null ? int.MaxValue / _stepsPerEpoch : int.MaxValue;
        bool isShort = options.Steps is not null || options.Epochs <= most;
        Require.That(options, options.Epochs, isShort, $"at most {most}", nameof(options.Epochs));
        Require.That(options, options.Steps, options.Steps is null || options.Steps <= most, $"at most {most}", nameof(options.Steps));
        Epochs = (int)((Steps + _stepsPerEpoch - 1) / _stepsPerEpoch);
        _warmup = (long)Math.Round(options.Schedule.Warmup * Steps);
        if (options.Average is { } average)
        {
            AverageDecay = average.AdjustedDecay(
                (double)training.Options.BatchSize * options.AccumulateBatches, (double)Steps / _stepsPerEpoch);
        }
    }

    /// <summary>The number of steps of the whole run.</summary>
    internal long Steps { get; }

    /// <summary>The number of epochs of the whole run; the last one may be incomplete.</summary>
    internal int Epochs { get; }

    /// <summary>The decay of the average: the part of it that stays in an update.</summary>
    internal double AverageDecay { get; }

    /// <summary>Returns the step of a batch. Steps, epochs and batches count from 0, here and below.</summary>
    internal long GetStep(int epoch, int batch) => ((long)epoch * _stepsPerEpoch) + (batch / _options.AccumulateBatches);

    /// <summary>Returns the epoch of a step.</summary>
    internal int GetEpoch(long step) => (int)(step / _stepsPerEpoch);

    /// <summary>Returns the first batch of the epoch after a step.</summary>
    internal int GetBatchAfter(long step) =>
        (int)Math.Min(((step % _stepsPerEpoch) + 1) * _options.AccumulateBatches, _training.Batches);

    /// <summary>Returns the number of batches in the step of a batch.</summary>
    internal int CountBatchesOfStep(int batch) =>
        Math.Min(_options.AccumulateBatches, _training.Batches - (batch / _options.AccumulateBatches * _options.AccumulateBatches));

    /// <summary>Returns whether a batch is the last one of its step.</summary>
    internal bool EndsStep(int batch) => (batch + 1) % _options.AccumulateBatches == 0 || batch + 1 == _training.Batches;

    /// <summary>Returns the learning rate of a step; 0 before the first step.</summary>
    internal double GetLearningRate(long step) => step < 0 ? 0 : _options.Optimizer.LearningRate * _options.Schedule.Factor(step, Steps);

    /// <summary>Returns whether the average is updated after a step.</summary>
    internal bool MovesAverage(long step) => _options.Average is { } average && step % _stepsPerEpoch % average.EverySteps == 0;

    /// <summary>Returns whether the warm-up ends before a step, so that the average starts to differ from the weights.</summary>
    internal bool IsWarm(long step) => step >= _warmup;

    /// <summary>Returns whether an epoch is evaluated.</summary>
    internal bool IsEvaluated(int epoch) => (epoch + 1) % _options.EvaluateEvery == 0 || epoch + 1 == Epochs;

    /// <summary>Returns the training images of an epoch, in the size of the epoch.</summary>
    internal ImageLoader GetLoader(int epoch) => _options.ProgressiveSize is { } sizes
        ? _training.AtHeight(sizes.Side(_training.Transforms.Size.Height, epoch, Epochs))
        : _training;
}
