using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using ResNet.Core;
using ResNet.Training.Checkpoints;
using ResNet.Training.Distributed;
using ResNet.Training.Evaluation;
using ResNet.Training.Optimization;
using ResNet.Training.Optimization.Weights;
using ResNet.Training.TrainingLoop.Results;
using static TorchSharp.torch;

namespace ResNet.Training.TrainingLoop;

/// <summary>
/// The whole state of a run, which a checkpoint saves and restores: weights, average, optimizer, loss scale, losses, position and results.
/// Only this class changes it. Random numbers have no state: they depend on the seed and the position.
/// </summary>
internal sealed class TrainingState : IDisposable
{
    private const string PositionKey = "position", StepLossesName = "run.step_losses", LossSumName = "run.loss_sum";

    // No cross entropy is negative.
    private const double NoLoss = -1;

    private static readonly JsonSerializerOptions s_json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    private readonly TrainerOptions _options;
    private readonly TrainingPlan _plan;
    private readonly WeightAverage? _average;
    private readonly FlatOptimizer _optimizer;
    private readonly LossScaler? _scaler;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<StepMetrics> _history = [];

    // The mean loss of each step [steps], and the sum of the losses of this epoch's images [1], both float64.
    private readonly Tensor _stepLosses;
    private readonly Tensor _lossSum;

    // The number of this epoch's images that were classified correctly [1], float64; null if images are mixed.
    private readonly Tensor? _correct;

    // The norms' statistics before the step, if steps may be skipped.
    private readonly Tensor? _statistics;

    private List<EpochMetrics> _epochs = [];
    private TimeSpan _elapsedBefore;
    private bool _averageHasBegun;
    private bool _hasGradients;

    // False in the rest of an epoch whose beginning was not counted, by an older version.
    private bool _isCorrectKnown = true;
    private long _images;
    private long _fetched;

    /// <summary>Makes the state of a new run.</summary>
    /// <param name="model">The network; its tensors become views of the run's tensors.</param>
    /// <param name="options">The options of the training.</param>
    /// <param name="plan">The plan for these options.</param>
    internal TrainingState(ResNetModel model, TrainerOptions options, TrainingPlan plan)
    {
        (_options, _plan, Model) = (options, plan, model);
        using var scope = NewDisposeScope();
        _stepLosses = empty([plan.Steps], ScalarType.Float64, model.Device).FillInPlace(NoLoss);
        _lossSum = zeros(1, ScalarType.Float64, model.Device);
        _correct = options.Mixing is null ? zeros(1, ScalarType.Float64, model.Device) : null;
        Weights = new FlatWeights(model, options.Optimizer.DecayNormsAndBiases, options.Precision);
        try
        {
            _optimizer = FlatOptimizer.Create(options.Optimizer, Weights);
            _average = options.Average is null ? null : new WeightAverage(Weights);
            _scaler = Weights.Precision == Precision.Half ? new LossScaler() : null;
            _statistics = options.OnNonFiniteLoss == OnNonFiniteLoss.SkipStep ? Weights.Statistics.clone() : null;
        }
        catch
        {
            // The network must not keep views of freed memory.
            Weights.Dispose();
            throw;
        }
        _stepLosses.DetachFromDisposeScope();
        _lossSum.DetachFromDisposeScope();
        _correct?.DetachFromDisposeScope();
        _statistics?.DetachFromDisposeScope();
    }

    internal ResNetModel Model { get; }

    internal FlatWeights Weights { get; }

    /// <summary>The current epoch, from 0.</summary>
    internal int Epoch { get; private set; }

    /// <summary>The epoch's next batch; after the last batch, the number of batches.</summary>
    internal int Batch { get; private set; }

    /// <summary>The number of steps of the run so far, including steps without readable images.</summary>
    internal long Step { get; private set; }

    /// <summary>The number of steps that changed the weights.</summary>
    internal long Learned { get; private set; }

    /// <summary>Whether a step has begun and not ended: such a state must not be saved, because norms have already changed.</summary>
    internal bool IsWithinStep { get; private set; }

    /// <summary>The results of each complete epoch.</summary>
    internal IReadOnlyList<EpochMetrics> Epochs => _epochs;

    /// <summary>
    /// The results of each step until the last <see cref="FetchHistory"/>, without steps without readable images.
    /// </summary>
    internal IReadOnlyList<StepMetrics> History => _history;

    /// <summary>The duration of the run so far, in all of its processes.</summary>
    internal TimeSpan Elapsed => _elapsedBefore + _clock.Elapsed;

    /// <summary>Whether early stopping has ended the run.</summary>
    internal bool StoppedEarly => _options.EarlyStopping is { } stopping && Stops(stopping, _epochs, _plan.GetFirstEpoch(Epoch));

    /// <summary>Whether the run is finished.</summary>
    internal bool IsOver => Epoch >= _plan.Epochs || StoppedEarly;

    /// <summary>Begins a step.</summary>
    internal void BeginStep()
    {
        _hasGradients = false;
        _statistics?.copy_(Weights.Statistics);
        IsWithinStep = true;
    }

    /// <summary>Computes gradients and adds them to those of the step.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="written">
    /// Told of the parameters whose gradients are there before all of them are; null unless it is the step's only loss.
    /// </param>
    internal void AddGradients(Tensor loss, Action<Tensor>? written = null)
    {
        // The first gradients of a step take the place of those of the step before, where kernels of ours compute them.
        if (!_hasGradients) Weights.ZeroGradients(Model.OverwriteGradients(written));
        _hasGradients = true;
        try
        {
            (_scaler?.Scale(loss) ?? loss).backward();
        }
        catch (System.Runtime.InteropServices.ExternalException e) when (Model.TrainingFailure is { } failure)
        {
            throw new InvalidOperationException($"The gradients cannot be computed. {failure.Message}", e);
        }
        Weights.CollectGradients();
    }

    /// <summary>Adds nothing: this process has no image of the batch.</summary>
    internal void AddNoGradients()
    {
        if (!_hasGradients) Weights.ZeroGradients();
        _hasGradients = true;
    }

    /// <summary>Takes the weights of the first process: all begin with the same ones.</summary>
    internal void TakeWeights(ProcessGroup group)
    {
        group.Broadcast(Weights.Weights);
        TakeStatistics(group);
        Weights.PublishWeights();
    }

    /// <summary>Takes the norms' statistics of the first process; each one has those of its own images.</summary>
    internal void TakeStatistics(ProcessGroup group)
    {
        group.Broadcast(Weights.Statistics);
        // The norms' counts of batches, of which a process may have left some out.
        foreach (var (_, tensor) in Weights.State().Where(entry => !entry.Tensor.is_floating_point())) group.Broadcast(tensor);
        if (_average is not null) group.Broadcast(_average.Statistics);
    }

    /// <summary>Ends a step: updates the weights, or skips the step if its loss or gradients are not finite.</summary>
    /// <param name="step">The step with all of its batches.</param>
    /// <param name="isFinite">Whether its loss is finite.</param>
    /// <returns>Whether the weights were changed.</returns>
    internal bool EndStep(TrainingStep step, bool isFinite)
    {
        using var untracked = no_grad();
        using var scope = NewDisposeScope();
        if (isFinite)
        {
            _stepLosses.narrow(0, step.Number, 1).copy_(step.Loss);
            _lossSum.AddInPlace(step.LossSum);
            _correct?.AddInPlace(step.Correct!);
            _images += step.Images;
        }
        bool learns = HasFiniteGradients() && isFinite;
        if (learns)
        {
            if (_options.ClipNorm is { } limit) Gradients.Clip(Weights, limit);
            _optimizer.Step(_plan.GetLearningRate(step.Number));
            Weights.PublishWeights();
            Learned++;
        }
        else if (_statistics is not null)
        {
            Weights.Statistics.copy_(_statistics);
        }
        (Step, Batch, IsWithinStep) = (step.Number + 1, _plan.GetBatchAfter(step.Number), false);
        return learns;
    }

    /// <summary>Updates the average, if there is one and the plan has an update after this step.</summary>
    internal void UpdateAverage()
    {
        if (_average is null || !_plan.MovesAverage(Step - 1)) return;
        if (_averageHasBegun)
        {
            _average.Update(_plan.GetAverageDecay(Step - 1));
            return;
        }
        _average.CopyFromWeights();
        _averageHasBegun = _plan.IsWarm(Step - 1);
    }

    /// <summary>Ends the epoch's batches. The last batches may have been skipped.</summary>
    internal void EndBatches(int batches) => Batch = batches;

    /// <summary>Ends the epoch.</summary>
    internal void EndEpoch(EpochMetrics metrics)
    {
        _epochs.Add(metrics);
        (Epoch, Batch, _images) = (Epoch + 1, 0, 0);
        _lossSum.FillInPlace(0);
        _correct?.FillInPlace(0);
        _isCorrectKnown = true;
        FetchHistory();
    }

    /// <summary>Gives the network its weights, or their average if there is one, until the result is disposed.</summary>
    internal IDisposable BeginEvaluation(bool average) => Weights.BeginEvaluation(average ? _average : null);

    /// <summary>Copies the average to the network, if there is one and it has started.</summary>
    internal void TakeAverage()
    {
        if (_average is null || !_averageHasBegun) return;
        using var untracked = no_grad();
        Weights.Weights.copy_(_average.Weights);
        Weights.Statistics.copy_(_average.Statistics);
    }

    /// <summary>Returns the mean loss of this epoch's images so far; waits for the device.</summary>
    internal double FetchMeanLoss() => _lossSum.ReadDouble() / _images;

    /// <summary>
    /// Returns the share in percent of this epoch's images so far whose class was the likeliest one; null if it is not known. Waits for the
    /// device.
    /// </summary>
    internal double? FetchTop1() =>
        _correct is not null && _isCorrectKnown && _images > 0 ? 100 * _correct.ReadDouble() / _images : null;

    /// <summary>Returns the mean loss of a step; NaN if it was skipped. Waits for the device.</summary>
    internal double FetchLoss(long step)
    {
        using var loss = _stepLosses.narrow(0, step, 1);
        double value = loss.ReadDouble();
        return value == NoLoss ? double.NaN : value;
    }

    /// <summary>Returns the mean losses of the steps from one on; negative for skipped steps. Waits for the device.</summary>
    internal double[] FetchLosses(long from)
    {
        using var scope = NewDisposeScope();
        return _stepLosses.narrow(0, from, Step - from).cpu().data<double>().ToArray();
    }

    /// <summary>Adds the steps since the last call to <see cref="History"/>; waits for the device.</summary>
    internal void FetchHistory()
    {
        if (_fetched == Step) return;
        foreach (double loss in FetchLosses(_fetched))
        {
            if (loss >= 0) _history.Add(new StepMetrics(_fetched + 1, _plan.GetEpoch(_fetched) + 1, loss, _plan.GetLearningRate(_fetched)));
            _fetched++;
        }
    }

    /// <summary>Writes a checkpoint with the whole state.</summary>
    /// <param name="folder">The folder of checkpoints.</param>
    /// <param name="setup">The run's setup.</param>
    /// <param name="isBest">Whether the last epoch is the best one so far.</param>
    /// <returns>The file.</returns>
    internal string Save(CheckpointFolder folder, RunSetup setup, bool isBest)
    {
        using var scope = NewDisposeScope();
        FetchHistory();
        var epochs = _epochs.ConvertAll(SavedEpoch.Of);
        double? correct = _isCorrectKnown ? _correct?.ReadDouble() : null;
        var position = new Position(
            Epoch, Batch, Step, Learned, _images, Elapsed, _averageHasBegun, epochs, correct, _options.Extensions?.Count ?? 0, IsOver);
        var texts = new Dictionary<string, string>(setup.Texts) { [PositionKey] = JsonSerializer.Serialize(position, s_json) };
        return folder.Save(Step, CollectTensors(), texts, isBest);
    }

    /// <summary>Returns the number of epochs of a finished run; null if the run is not finished.</summary>
    /// <param name="checkpoint">Its newest checkpoint.</param>
    /// <param name="options">The options of the run.</param>
    /// <exception cref="CheckpointException">The checkpoint cannot be read.</exception>
    internal static int? ReadEnd(Checkpoint checkpoint, TrainerOptions options)
    {
        var position = ReadPosition(checkpoint);
        var last = options.Extensions is [.., var extension] ? extension : null;
        // The last steps may be missing, if none of their images could be read.
        bool isComplete =
            position.IsOver is { } over && position.Extensions == (options.Extensions?.Count ?? 0) ? over
            : last is not null ? position.Epoch >= last.After + last.Epochs
            : options.Steps is { } steps ? position.Step >= steps
            : position.Epoch >= options.Epochs;
        bool isOver = isComplete
            || (options.EarlyStopping is { } stopping
                && Stops(stopping, position.Epochs.Select(epoch => epoch.ToMetrics()), last?.After ?? 0));
        return isOver && position.Batch == 0 ? position.Epoch : null;
    }

    /// <summary>Restores the state of a checkpoint; nothing changes if the checkpoint does not fit.</summary>
    /// <exception cref="CheckpointException">It is of another network or cannot be read.</exception>
    internal void Restore(Checkpoint checkpoint)
    {
        var position = ReadPosition(checkpoint);
        if (_options.Extensions?.ElementAtOrDefault(position.Extensions) is { } next && position.IsBeyond(next))
        {
            throw CheckpointException.Unusable(
                checkpoint.Path,
                $"is of epoch {position.Epoch + (position.Batch > 0 ? 1 : 0)}, but {nameof(RunExtension)}.{nameof(RunExtension.After)} is "
                + $"{next.After}: extend the run after its last epoch");
        }
        var own = CollectTensors();
        foreach (var (name, tensor) in own)
        {
            // An extended run has more steps than its checkpoint of before.
            if (checkpoint.Tensors.TryGetValue(name, out var stored)
                && (stored.shape.SequenceEqual(tensor.shape) || (name == StepLossesName && HasSteps(stored) && HasSteps(tensor)))
                && stored.dtype == tensor.dtype) continue;
            throw CheckpointException.Unusable(
                checkpoint.Path, $"is of another network or run: it has no '{name}' of the shape [{string.Join(", ", tensor.shape)}]");
        }
        (Epoch, Batch, Step, Learned, _images) = (position.Epoch, position.Batch, position.Step, position.Learned, position.Images);
        (_elapsedBefore, _averageHasBegun) = (position.Elapsed, position.AverageHasBegun);
        _epochs = position.Epochs.ConvertAll(epoch => epoch.ToMetrics());
        using var untracked = no_grad();
        own.Remove(StepLossesName);
        foreach (var (name, tensor) in own) tensor.copy_(checkpoint.Tensors[name]);
        _correct?.FillInPlace(position.Correct ?? 0);
        _isCorrectKnown = position.Correct is not null || position.Images == 0;
        using (NewDisposeScope()) _stepLosses.narrow(0, 0, Step).copy_(checkpoint.Tensors[StepLossesName].narrow(0, 0, Step));
        Weights.PublishWeights();
        FetchHistory();
        _clock.Restart();

        bool HasSteps(Tensor losses) => losses.ndim == 1 && position.Step <= losses.numel();
    }

    public void Dispose()
    {
        _clock.Stop();
        _average?.Dispose();
        _scaler?.Dispose();
        _optimizer.Dispose();
        Weights.Dispose();
        _stepLosses.Dispose();
        _lossSum.Dispose();
        _correct?.Dispose();
        _statistics?.Dispose();
    }

    // With loss scaling, the gradients are always checked, and the result changes the scale.
    private bool HasFiniteGradients()
    {
        if (_scaler is null) return _options.OnNonFiniteLoss == OnNonFiniteLoss.Stop || Gradients.AreFinite(Weights.Gradients);
        bool finite = _scaler.Unscale(Weights);
        _scaler.Update();
        return finite;
    }

    private Dictionary<string, Tensor> CollectTensors()
    {
        var tensors = new Dictionary<string, Tensor> { [StepLossesName] = _stepLosses, [LossSumName] = _lossSum };
        var state = Weights.State().Concat(_optimizer.State()).Concat(_average?.State() ?? []).Concat(_scaler?.State() ?? []);
        foreach (var (name, tensor) in state) tensors.Add(name, tensor);
        return tensors;
    }

    private static Position ReadPosition(Checkpoint checkpoint)
    {
        try
        {
            return JsonSerializer.Deserialize<Position>(checkpoint.GetText(PositionKey), s_json)
                ?? throw new JsonException("it is empty");
        }
        catch (JsonException e)
        {
            throw CheckpointException.Unusable(
                checkpoint.Path, $"cannot be used: its {PositionKey} is not what this version writes ({e.Message.TrimEnd('.')})", e);
        }
    }

    private static bool Stops(EarlyStopping stopping, IEnumerable<EpochMetrics> epochs, int after) =>
        stopping.Look(epochs, after).Evaluations >= stopping.Patience;

    /// <summary>
    /// The parts of a checkpoint that are not tensors. Older ones have neither the number of images classified correctly nor that of
    /// extensions, and do not say whether the run is finished.
    /// </summary>
    private sealed record Position(
        int Epoch, int Batch, long Step, long Learned, long Images, TimeSpan Elapsed, bool AverageHasBegun, List<SavedEpoch> Epochs,
        double? Correct = null, int Extensions = 0, bool? IsOver = null)
    {
        /// <summary>Returns whether the run has gone on after the epoch where an extension begins.</summary>
        internal bool IsBeyond(RunExtension extension) => Epoch > extension.After || (Epoch == extension.After && Batch > 0);
    }

    // Older checkpoints have no training accuracy, no memory and no processes.
    private sealed record SavedEpoch(
        int Epoch, long Steps, double TrainLoss, double LearningRate, double ImagesPerSecond, SavedResult? Weights, SavedResult? Average,
        double? TrainTop1 = null, long? PeakMemoryBytes = null, int? Processes = null, double? WaitingSeconds = null)
    {
        internal static SavedEpoch Of(EpochMetrics metrics) => new(
            metrics.Epoch, metrics.Steps, metrics.TrainLoss, metrics.LearningRate, metrics.ImagesPerSecond,
            SavedResult.Of(metrics.Evaluation), SavedResult.Of(metrics.AverageEvaluation), metrics.TrainTop1, metrics.PeakMemoryBytes,
            metrics.Processes, metrics.WaitingSeconds);

        internal EpochMetrics ToMetrics() => new()
        {
            Epoch = Epoch,
            Steps = Steps,
            TrainLoss = TrainLoss,
            TrainTop1 = TrainTop1,
            PeakMemoryBytes = PeakMemoryBytes,
            Processes = Processes,
            WaitingSeconds = WaitingSeconds,
            LearningRate = LearningRate,
            ImagesPerSecond = ImagesPerSecond,
            Evaluation = Weights?.ToResult(),
            AverageEvaluation = Average?.ToResult(),
        };
    }

    // A confusion matrix of a thousand classes for each epoch would be larger than the weights.
    // Older checkpoints have no balanced accuracy and no mean F1.
    private sealed record SavedResult(
        double Loss, double Top1, double Top5, int Images, double ImagesPerSecond,
        double BalancedAccuracy = double.NaN, double MacroF1 = double.NaN)
    {
        internal static SavedResult? Of(EvaluationResult? result) => result is null
            ? null
            : new(
                result.Loss, result.Top1, result.Top5, result.Images, result.ImagesPerSecond, result.BalancedAccuracy, result.MacroF1);

        internal EvaluationResult ToResult() =>
            new(Loss, Top1, Top5, Images, ImagesPerSecond) { BalancedAccuracy = BalancedAccuracy, MacroF1 = MacroF1 };
    }
}
