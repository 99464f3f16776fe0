using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ResNet.Core;
using ResNet.Core.Inspection;
using ResNet.Imaging;
using ResNet.Training.Checkpoints;
using ResNet.Training.Data;
using ResNet.Training.Distributed;
using ResNet.Training.Evaluation;
using ResNet.Training.Loading;
using ResNet.Training.Optimization.Weights;
using ResNet.Training.TrainingLoop.Results;
using ResNet.Training.TrainingLoop.Telemetry;

namespace ResNet.Training.TrainingLoop;

/// <summary>
/// Trains a network, evaluates it after its epochs and saves the run, so that another process can resume it. On the same machine and with
/// the same number of threads, a resumed run ends with the same bits as an uninterrupted one.
/// </summary>
/// <remarks>
/// A run reports by events, by the logger, and by the meter <c>ResNet.Training</c> of <see cref="System.Diagnostics.Metrics"/>, which
/// OpenTelemetry exports.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Train disposes of the state.")]
public sealed class Trainer
{
    private readonly ImageLoader _images;

    // This process's share of them.
    private readonly ImageLoader _training;
    private readonly ImageLoader? _evaluation;
    private readonly Evaluator? _evaluator;
    private readonly TrainerOptions _options;
    private readonly TrainingPlan _plan;
    private readonly RunSetup _setup;
    private readonly TrainingTelemetry _telemetry;
    private readonly ProcessGroup? _group;
    private TrainingState? _state;

    /// <summary>Makes a trainer.</summary>
    /// <param name="training">The images to learn from; the loader should shuffle.</param>
    /// <param name="evaluation">The images to evaluate on; null for none.</param>
    /// <param name="options">The options of the training.</param>
    /// <param name="logger">Receives a few messages per epoch; null for none.</param>
    /// <param name="communicator">
    /// The processes that train the network together, each with its share of every batch; null for this one alone. All of them make the
    /// same trainer and network, and take a share of the images to evaluate; the first one writes checkpoints, which all of them can read.
    /// </param>
    /// <exception cref="InvalidOptionException">The options do not fit each other, or the processes.</exception>
    public Trainer(
        ImageLoader training, ImageLoader? evaluation, TrainerOptions options, ILogger? logger = null, ICommunicator? communicator = null)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(options);
        Require.That(
            options, options.EarlyStopping, options.EarlyStopping is null || evaluation is not null,
            "null where there are no images to evaluate on", nameof(options.EarlyStopping));
        (_images, _evaluation) = (training, evaluation);
        if (communicator is { Size: > 1 })
        {
            _group = new ProcessGroup(communicator);
            training = training.ShareOf(_group.Rank, _group.Size);
        }
        (_training, _options) = (training, options);
        _evaluator = evaluation is null ? null : CreateEvaluator(evaluation, _group);
        _plan = new TrainingPlan(training, options);
        _setup = new RunSetup(training, options);
        _telemetry = new TrainingTelemetry(logger ?? NullLogger.Instance, _plan);
    }

    /// <summary>Raised after each step. With a handler, each step waits for the device.</summary>
    public event Action<StepMetrics>? StepCompleted
    {
        add => _telemetry.StepCompleted += value;
        remove => _telemetry.StepCompleted -= value;
    }

    /// <summary>Raised after each epoch with its results, while the network has the epoch's weights.</summary>
    public event Action<EpochMetrics>? EpochCompleted
    {
        add => _telemetry.EpochCompleted += value;
        remove => _telemetry.EpochCompleted -= value;
    }

    /// <summary>
    /// Raised after each epoch with a new highest top-1 accuracy, while the network has the weights that reached it: the trained ones or
    /// their average, whichever is better. Without evaluation images, it is raised after each epoch.
    /// </summary>
    public event Action<EpochMetrics>? BestImproved
    {
        add => _telemetry.BestImproved += value;
        remove => _telemetry.BestImproved -= value;
    }

    /// <summary>Raised after each checkpoint is written.</summary>
    public event Action<SavedCheckpoint>? CheckpointSaved
    {
        add => _telemetry.CheckpointSaved += value;
        remove => _telemetry.CheckpointSaved -= value;
    }

    /// <summary>Raised before the first step of a resumed run.</summary>
    public event Action<Resumption>? Resumed
    {
        add => _telemetry.Resumed += value;
        remove => _telemetry.Resumed -= value;
    }

    /// <summary>Raised for each damaged checkpoint on resuming; the run then uses the previous one.</summary>
    public event Action<CheckpointException>? CheckpointDamaged
    {
        add => _telemetry.CheckpointDamaged += value;
        remove => _telemetry.CheckpointDamaged -= value;
    }

    /// <summary>The number of steps of the whole run.</summary>
    public long Steps => _plan.Steps;

    /// <summary>The number of epochs of the whole run; <see cref="TrainerOptions.Steps"/> may shorten the last one.</summary>
    public int Epochs => _plan.Epochs;

    /// <summary>
    /// The duration of the run so far, in all of its processes. Steps that were lost after the last checkpoint of a process do not count.
    /// </summary>
    public TimeSpan Elapsed => _state?.Elapsed ?? TimeSpan.Zero;

    /// <summary>
    /// The results of each step up to the last checkpoint or the end of the last epoch, including those before a resumption. Steps
    /// without readable images are left out.
    /// </summary>
    public IReadOnlyList<StepMetrics> History => _state?.History ?? [];

    /// <summary>Receives the times of the steps; null for no profile, which is the default. It changes no bit of the run.</summary>
    public TrainingProfile? Profile { get; set; }

    /// <summary>The training images in the size of the first epoch.</summary>
    internal ImageLoader FirstImages => _plan.GetLoader(epoch: 0);

    /// <summary>Makes an evaluator of images, by the same engine as the evaluations of the run.</summary>
    /// <param name="images">The images.</param>
    /// <param name="group">The processes that take a share of them each; null for this one alone.</param>
    internal Evaluator CreateEvaluator(ImageLoader images, ProcessGroup? group = null)
    {
        var engine = _options.Engine == TrainingEngine.Torch ? PredictionEngine.Torch : (PredictionEngine?)null;
        return new Evaluator(images, new EvaluatorOptions { Engine = engine }, group);
    }

    /// <summary>Says what computes a network's steps with this trainer's options, and by which algorithms.</summary>
    /// <param name="model">The network; its <see cref="ResNetModel.TrainingEngine"/> becomes <see cref="TrainerOptions.Engine"/>.</param>
    /// <exception cref="InvalidOptionException">The network's device cannot compute in <see cref="TrainerOptions.Precision"/>.</exception>
    public TrainingDescription DescribeEngine(ResNetModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.TrainingEngine = _options.Engine;
        if (model.Device.type != TorchSharp.DeviceType.CPU) return Torch($"The network is on {model.Device}.");
        var precision = MixedPrecision.Available(_options.Precision, model.Device, allowSlow: false);
        if (precision != Precision.Full) return Torch($"There are kernels for single precision only, and the precision is {precision}.");
        var size = FirstImages.Transforms.Size;
        return model.DescribeTraining(_training.Options.BatchSize, size.Height, size.Width);

        static TrainingDescription Torch(string reason) => new(TrainingEngine.Torch, reason, []);
    }

    /// <summary>
    /// Trains the network. Afterwards it is in training mode, its weights are in channels-last layout, and its
    /// <see cref="ResNetModel.TrainingEngine"/> is <see cref="TrainerOptions.Engine"/>.
    /// </summary>
    /// <param name="model">
    /// The network; training starts from its weights. It ends with the last weights, or with their average if the run is finished and has
    /// one.
    /// </param>
    /// <param name="resume">
    /// Whether to resume from the newest intact checkpoint in <see cref="CheckpointOptions.Folder"/>, or start from the beginning if there
    /// is none. If false, the folder must not have checkpoints. A finished run goes on if <see cref="TrainerOptions.Extensions"/> has one
    /// more than it had.
    /// </param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">
    /// Stops after the step or evaluation batch in progress; with <see cref="TrainerOptions.Checkpoints"/> a checkpoint is written. The
    /// network keeps its current weights, and <see cref="TrainingOutcome.Interrupted"/> is true.
    /// </param>
    /// <exception cref="InvalidOptionException">
    /// Batch normalisation would have a single value per channel: one image that is no larger than the network's reduction. Or the number
    /// of <see cref="TrainerOptions.ClassWeights"/> is not that of the network's classes.
    /// </exception>
    /// <exception cref="InvalidOperationException">It is to be resumed without <see cref="TrainerOptions.Checkpoints"/>.</exception>
    /// <exception cref="CheckpointException">
    /// The checkpoints are damaged or of another run, or there are some although <paramref name="resume"/> is false.
    /// </exception>
    /// <exception cref="DatasetException">
    /// All images of an epoch were skipped because they cannot be read. Or the processes of a communicator have different images, options
    /// or networks; the message names what differs.
    /// </exception>
    /// <exception cref="ImageDecodingException">
    /// An image cannot be read and is not skipped. A checkpoint was written, except in the middle of a step of several batches, or by
    /// several processes.
    /// </exception>
    /// <exception cref="ArithmeticException">The loss is not finite: the run has diverged.</exception>
    /// <exception cref="IOException">A checkpoint cannot be written; those before it stay.</exception>
    /// <exception cref="CommunicationException">Another process has ended or cannot be reached; the checkpoints stay.</exception>
    public TrainingOutcome Train(
        ResNetModel model, bool resume = false, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.train();
        model.TrainingEngine = _options.Engine;
        _plan.ThrowIfUnfit(model);
        var watch = new LossWatch(_options.OnNonFiniteLoss, _telemetry);
        var checkpoints = new RunCheckpoints(_options.Checkpoints, _setup, watch, _telemetry, _group);
        checkpoints.ThrowIfUnfit(resume);
        using var state = _state = new TrainingState(model, _options, _plan);
        // The former memory of the weights lies between blocks that stay.
        NativeHeap.ReturnFreedMemory();
        using var meter = _telemetry.Begin(state, _options.Precision);
        var profile = Profile;
        bool interrupted = false;
        // Whichever process is stopped, or is lost, all of them stop.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _group?.Lost ?? CancellationToken.None);
        if (resume) checkpoints.Resume(state);
        else _telemetry.OnStarted(state);
        try
        {
            if (_group is not null) Agree(state, _group);
            if (profile is not null) model.WorkComputed += profile.Add;
            while (!state.IsOver)
            {
                var before = _group?.Waited;
                double imagesPerSecond = TrainEpoch(state, watch, checkpoints, profile, progress, stop);
                watch.ThrowIfDiverged(state);
                var metrics = Evaluate(state, imagesPerSecond, _group?.Waited - before, progress, stop);
                bool isBest = ReportIfBest(state, metrics);
                state.EndEpoch(metrics);
                // Listeners come before the checkpoint: a run that is killed in between evaluates again, and they miss nothing.
                using (state.BeginEvaluation(average: false)) _telemetry.OnEpochEnded(metrics);
                checkpoints.Save(state, isBest);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _group?.ThrowIfLost();
            interrupted = true;
            checkpoints.Save(state, isBest: false);
        }
        catch (ImageDecodingException)
        {
            if (!state.IsWithinStep) checkpoints.Save(state, isBest: false);
            _group?.Abandon();
            throw;
        }
        catch (ArithmeticException)
        {
            _group?.ThrowIfLost();
            // Of several processes, all diverge.
            _telemetry.OnDiverged(state);
            throw;
        }
        catch (Exception e) when (e is not CommunicationException)
        {
            // The others would wait.
            _group?.Abandon();
            throw;
        }
        finally
        {
            if (profile is not null) model.WorkComputed -= profile.Add;
            model.ReleaseTrainingMemory();
        }
        state.FetchHistory();
        if (!interrupted) state.TakeAverage();
        _telemetry.OnEnded(state, _options, interrupted);
        return new TrainingOutcome(state.Epochs, state.Learned, interrupted) { StoppedEarly = state.StoppedEarly };
    }

    // All processes begin at the same place, with the same images, options and weights.
    private void Agree(TrainingState state, ProcessGroup group)
    {
        group.UseDevice(state.Model.Device);
        var tensors = state.Weights.State().Select(entry => $"{entry.Name} {string.Join('x', entry.Tensor.shape)}");
        (string Name, string Text)[] parts =
        [
            .. _setup.NameParts(),
            ("the training images", _images.Digest()),
            ("the evaluation images", _evaluation?.Digest() ?? ""),
            ("the network", string.Join('\n', tensors)),
        ];
        // Another version of this library may have more or fewer parts, and the processes would wait for each other.
        if (!group.IsSame(string.Join('\n', parts.Select(part => part.Name))))
        {
            throw Refusal(group, () => new DatasetException(
                "The processes have different versions of ResNet.Training: give all of them the same."));
        }
        if (group.FindDifferent(parts) is { } different)
        {
            throw Refusal(group, () => new DatasetException(
                $"The processes differ in {different}: give all of them the same images, options and network."));
        }
        if (!group.IsSame($"{state.Epoch} {state.Batch} {state.Step}"))
        {
            throw Refusal(group, () => CheckpointException.Unusable(
                _options.Checkpoints?.Folder ?? "", "is not the same for all processes: give a folder that all of them can read"));
        }
        if (_options.SynchronizedNorms) RequireSynchronizable(state.Model, group);
        state.TakeWeights(group);
    }

    private void RequireSynchronizable(ResNetModel model, ProcessGroup group)
    {
        string owner = nameof(TrainerOptions), name = nameof(_options.SynchronizedNorms);
        if (model.Options.Norm.IsCustom)
            throw Refusal(group, () => new InvalidOptionException(owner, name, true, "false for a network with Norm.From"));
        if (!group.IsSame($"{model.HasTrainingKernels()}"))
        {
            throw Refusal(group, () => new InvalidOptionException(
                owner, name, true, "false where kernels compute the network in some processes and libtorch in others"));
        }
    }

    // The first process says what is wrong.
    private static Exception Refusal(ProcessGroup group, Func<Exception> describe) => group.IsFirst
        ? describe()
        : new CommunicationException("The first process has refused the run, and says why.", lostRank: 0, hasFailed: true);

    // Trains the remaining steps of an epoch and returns the images per second.
    private double TrainEpoch(
        TrainingState state,
        LossWatch watch,
        RunCheckpoints checkpoints,
        TrainingProfile? profile,
        IProgress<TrainingProgress>? progress,
        CancellationTokenSource stop)
    {
        var loader = _plan.GetLoader(state.Epoch);
        var size = loader.Transforms.Size;
        // A step of several batches is not stopped: the statistics of its norms could not be restored.
        var stopLoading = _options.AccumulateBatches == 1 && _group is null ? stop.Token : default;
        var meter = new ProgressMeter(
            TrainingPhase.Training, state.Epoch + 1, _plan.Epochs, _plan.CountBatchesOfEpoch(state.Epoch), progress, state.Batch,
            _group?.Size ?? 1);
        bool anyRead = state.Batch > 0;
        long skipped = _training.SkippedImages, end = _plan.GetEnd(state.Epoch);
        using var step = new TrainingStep(state, _options, loader, profile, _group);
        state.Model.train();
        _telemetry.OnEpochBegun();
        profile?.Restart();
        foreach (var batch in loader.Epoch(state.Epoch, state.Batch, profile is null ? null : profile.AddDecoding, stopLoading))
        {
            profile?.Lap(StepPhase.Waiting);
            long number = _plan.GetStep(state.Epoch, batch.Index);
            // The last batches of a step may be missing if none of their images could be read.
            if (state.IsWithinStep && number != step.Number) EndStep(state, step, watch, checkpoints, profile);
            if (!state.IsWithinStep) ThrowIfStopped(stop);
            if (number >= end) break;
            anyRead |= _group is null;
            // Skipped images left one, whose single pixel no batch norm can normalise.
            bool isUnfit = batch.Skipped.Count > 0 && !HasSynchronizedNorms
                && state.Model.HasSinglePixels(batch.Count, size.Height, size.Width);
            if (isUnfit && _group is null) continue;
            step.Add(batch, number, _plan.CountBatchesOfStep(batch.Index), isUnfit);
            anyRead |= state.IsWithinStep;
            if (state.IsWithinStep && _plan.EndsStep(batch.Index)) EndStep(state, step, watch, checkpoints, profile);
            meter.Advance(batch, _plan.GetLearningRate(number), state.FetchMeanLoss);
            profile?.Lap(StepPhase.Other);
        }
        if (state.IsWithinStep) EndStep(state, step, watch, checkpoints, profile);
        state.EndBatches(loader.Batches);
        if (_group is not null) state.TakeStatistics(_group);
        CountSkipped(_training.SkippedImages - skipped);
        if (!anyRead && state.Step < end) throw _training.NothingRead();
        return meter.ImagesPerSecond;
    }

    private bool HasSynchronizedNorms => _group is not null && _options.SynchronizedNorms;

    private void CountSkipped(long here)
    {
        long all = _group is null ? here : (long)_group.Sum(here)[0];
        _images.CountSkipped(all - here);
        _telemetry.OnImagesSkipped(all);
    }

    private void ThrowIfStopped(CancellationTokenSource stop)
    {
        if (_group?.IsAny(stop.IsCancellationRequested) ?? false) stop.Cancel();
        stop.Token.ThrowIfCancellationRequested();
    }

    private void EndStep(
        TrainingState state, TrainingStep step, LossWatch watch, RunCheckpoints checkpoints, TrainingProfile? profile)
    {
        step.AddOthers();
        bool learned = state.EndStep(step, watch.IsFinite(state, step));
        if (learned) state.UpdateAverage();
        profile?.Lap(StepPhase.Optimizer);
        watch.LookIfDue(state);
        _telemetry.OnStepEnded(state, step.Images, learned);
        checkpoints.SaveIfDue(state);
    }

    private EpochMetrics Evaluate(
        TrainingState state, double imagesPerSecond, TimeSpan? waited, IProgress<TrainingProgress>? progress, CancellationTokenSource stop)
    {
        bool evaluates = _evaluator is not null && _plan.IsEvaluated(state.Epoch);
        return new EpochMetrics
        {
            Epoch = state.Epoch + 1,
            Steps = state.Step,
            TrainLoss = state.FetchMeanLoss(),
            TrainTop1 = state.FetchTop1(),
            LearningRate = _plan.GetLearningRate(state.Step - 1),
            ImagesPerSecond = imagesPerSecond,
            Evaluation = evaluates ? With(average: false) : null,
            AverageEvaluation = evaluates && _options.Average is not null ? With(average: true) : null,
            PeakMemoryBytes = ProcessMemory.PeakBytes(),
            Processes = _group?.Size,
            WaitingSeconds = waited?.TotalSeconds,
        };

        EvaluationResult With(bool average)
        {
            using var weights = state.BeginEvaluation(average);
            try
            {
                return _evaluator!.Evaluate(state.Model, state.Epoch + 1, _plan.Epochs, progress, stop.Token);
            }
            catch (OperationCanceledException) when (_group is not null)
            {
                // Another process may have been stopped.
                stop.Cancel();
                throw;
            }
        }
    }

    // Without evaluation images, each epoch counts as the best one so far.
    private bool ReportIfBest(TrainingState state, EpochMetrics metrics)
    {
        var best = BestEpoch.Of([.. state.Epochs, metrics]);
        if (_evaluator is not null && best?.Epoch != metrics.Epoch) return false;
        using var weights = state.BeginEvaluation(average: _evaluator is null || best!.Value.IsAverage);
        _telemetry.OnBestImproved(metrics);
        return true;
    }
}
