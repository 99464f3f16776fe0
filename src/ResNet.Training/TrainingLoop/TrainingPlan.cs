using ResNet.Core;
using ResNet.Training.Loading;

namespace ResNet.Training.TrainingLoop;

/// <summary>The plan of a run, which its options determine: the length, the step of each batch, and the learning rates.</summary>
internal sealed class TrainingPlan
{
    private readonly ImageLoader _training;
    private readonly TrainerOptions _options;
    private readonly int _stepsPerEpoch;
    private readonly long _warmup;

    // The run as it was begun, then its extensions.
    private readonly List<Phase> _phases = [];

    internal TrainingPlan(ImageLoader training, TrainerOptions options)
    {
        (_training, _options) = (training, options);
        _stepsPerEpoch = (training.Batches + options.AccumulateBatches - 1) / options.AccumulateBatches;
        long steps = options.Steps ?? (long)options.Epochs * _stepsPerEpoch;
        long most = options.Steps is null ? int.MaxValue / _stepsPerEpoch : int.MaxValue;
        bool isShort = options.Steps is not null || options.Epochs <= most;
        Require.That(options, options.Epochs, isShort, $"at most {most}", nameof(options.Epochs));
        Require.That(options, options.Steps, options.Steps is null || options.Steps <= most, $"at most {most}", nameof(options.Steps));
        _warmup = (long)Math.Round(options.Schedule.Warmup * steps);
        AddPhase(firstEpoch: 0, firstStep: 0, steps, options.Optimizer.LearningRate);
        foreach (var extension in options.Extensions ?? [])
        {
            var before = _phases[^1];
            long end = before.FirstStep + Math.Min(before.Steps, (long)(extension.After - before.FirstEpoch) * _stepsPerEpoch);
            Require.That(
                options, options.Extensions, extension.After > before.FirstEpoch && extension.After <= Epochs,
                $"extensions after 1 to {Epochs} epochs, each after an epoch of what is before it", nameof(options.Extensions));
            most = (int.MaxValue - end) / _stepsPerEpoch;
            Require.That(extension, extension.Epochs, extension.Epochs <= most, $"at most {most}", nameof(extension.Epochs));
            steps = (long)extension.Epochs * _stepsPerEpoch;
            AddPhase(extension.After, end, steps, extension.LearningRate ?? options.Optimizer.LearningRate);
        }
    }

    /// <summary>The number of steps of the whole run.</summary>
    internal long Steps => _phases[^1].FirstStep + _phases[^1].Steps;

    /// <summary>The number of epochs of the whole run; the last one may be incomplete.</summary>
    internal int Epochs => _phases[^1].FirstEpoch + CountEpochs(_phases[^1].Steps);

    /// <summary>Throws if the options do not fit a network in training mode.</summary>
    /// <exception cref="InvalidOptionException">
    /// Batch normalisation would have a single value per channel, or the number of class weights is not that of the network's classes.
    /// </exception>
    internal void ThrowIfUnfit(ResNetModel model)
    {
        Require.That(
            _options, _options.ClassWeights, _options.ClassWeights is not { } weights || weights.Count == model.Options.Classes,
            $"one weight for each of the network's {model.Options.Classes} classes", nameof(_options.ClassWeights));
        // Checks the smallest batch now, which comes only at the end of the first epoch.
        var size = GetLoader(epoch: 0).Transforms.Size;
        int images = _training.SmallestBatch * (_options.SynchronizedNorms ? _training.Processes : 1);
        model.RefuseSinglePixels(images, size.Height, size.Width);
    }

    /// <summary>Returns the step of a batch. Steps, epochs and batches count from 0, here and below.</summary>
    internal long GetStep(int epoch, int batch)
    {
        var phase = PhaseOfEpoch(epoch);
        return phase.FirstStep + ((long)(epoch - phase.FirstEpoch) * _stepsPerEpoch) + (batch / _options.AccumulateBatches);
    }

    /// <summary>Returns the epoch of a step.</summary>
    internal int GetEpoch(long step)
    {
        var phase = PhaseOfStep(step);
        return phase.FirstEpoch + (int)((step - phase.FirstStep) / _stepsPerEpoch);
    }

    /// <summary>Returns the first batch of the epoch after a step.</summary>
    internal int GetBatchAfter(long step) =>
        (int)Math.Min((StepOfEpoch(step) + 1) * _options.AccumulateBatches, _training.Batches);

    /// <summary>Returns the number of batches in the step of a batch.</summary>
    internal int CountBatchesOfStep(int batch) =>
        Math.Min(_options.AccumulateBatches, _training.Batches - (batch / _options.AccumulateBatches * _options.AccumulateBatches));

    /// <summary>Returns the number of batches of an epoch; the last epoch of a run of so many steps may have fewer than others.</summary>
    internal int CountBatchesOfEpoch(int epoch) =>
        (int)Math.Min(_training.Batches, (GetEnd(epoch) - GetStep(epoch, batch: 0)) * _options.AccumulateBatches);

    /// <summary>Returns whether a batch is the last one of its step.</summary>
    internal bool EndsStep(int batch) => (batch + 1) % _options.AccumulateBatches == 0 || batch + 1 == _training.Batches;

    /// <summary>Returns the learning rate of a step; 0 before the first step.</summary>
    internal double GetLearningRate(long step)
    {
        if (step < 0) return 0;
        var phase = PhaseOfStep(step);
        return phase.LearningRate * _options.Schedule.Factor(step - phase.FirstStep, phase.Steps);
    }

    /// <summary>Returns whether the average is updated after a step.</summary>
    internal bool MovesAverage(long step) => _options.Average is { } average && StepOfEpoch(step) % average.EverySteps == 0;

    /// <summary>Returns the decay of the average in an update after a step: the part of it that stays.</summary>
    internal double GetAverageDecay(long step) => _options.Average!.AdjustedDecay(
        (double)_training.Options.BatchSize * _options.AccumulateBatches, (double)PhaseOfStep(step).Steps / _stepsPerEpoch);

    /// <summary>Returns whether the warm-up ends before a step, so that the average starts to differ from the weights.</summary>
    internal bool IsWarm(long step) => step >= _warmup;

    /// <summary>Returns whether an epoch is evaluated.</summary>
    internal bool IsEvaluated(int epoch) => (epoch + 1) % _options.EvaluateEvery == 0 || epoch + 1 == EndOf(PhaseOfEpoch(epoch)).Epoch;

    /// <summary>Returns the training images of an epoch, in the size of the epoch.</summary>
    internal ImageLoader GetLoader(int epoch) => _options.ProgressiveSize is { } sizes && PhaseOfEpoch(epoch) == _phases[0]
        ? _training.AtHeight(sizes.Side(_training.Transforms.Size.Height, epoch, CountEpochs(_phases[0].Steps)))
        : _training;

    /// <summary>Returns the first epoch of an epoch's part of the run: 0, or that of the extension it is in.</summary>
    internal int GetFirstEpoch(int epoch) => PhaseOfEpoch(epoch).FirstEpoch;

    /// <summary>Returns the step after the last one of an epoch's part of the run.</summary>
    internal long GetEnd(int epoch) => EndOf(PhaseOfEpoch(epoch)).Step;

    private void AddPhase(int firstEpoch, long firstStep, long steps, double learningRate) =>
        _phases.Add(new(firstEpoch, firstStep, steps, learningRate));

    private Phase PhaseOfEpoch(int epoch) => _phases.FindLast(phase => phase.FirstEpoch <= epoch)!;

    private Phase PhaseOfStep(long step) => _phases.FindLast(phase => phase.FirstStep <= step)!;

    private (int Epoch, long Step) EndOf(Phase phase) => _phases.Find(other => other.FirstEpoch > phase.FirstEpoch) is { } next
        ? (next.FirstEpoch, next.FirstStep)
        : (Epochs, Steps);

    private long StepOfEpoch(long step) => (step - PhaseOfStep(step).FirstStep) % _stepsPerEpoch;

    private int CountEpochs(long steps) => (int)((steps + _stepsPerEpoch - 1) / _stepsPerEpoch);

    // Its schedule has this number of steps; fewer are computed if early stopping ended it.
    private sealed record Phase(int FirstEpoch, long FirstStep, long Steps, double LearningRate);
}
