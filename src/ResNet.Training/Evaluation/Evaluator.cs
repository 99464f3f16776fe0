using System.Diagnostics;
using ResNet.Core;
using ResNet.Inference;
using ResNet.Training.Data;
using ResNet.Training.Distributed;
using ResNet.Training.Loading;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.Evaluation;

/// <summary>
/// Evaluates a network on a loader's images: loss, accuracy,
/// confusion matrix and calibration.
/// </summary>
public sealed class Evaluator
{
    /// <summary>The loader's epoch to evaluate.</summary>
    internal const int Epoch = 0;

    private readonly ImageLoader _loader;
    private readonly EvaluatorOptions _options;
    private readonly ProcessGroup? _group;

    // The images of this process.
    private readonly ImageLoader _own;

    /// <summary>Makes an evaluator of these images.</summary>
    /// <param name="loader">The images; it should neither shuffle nor augment.</param>
    /// <param name="options">The options; null for the defaults.</param>
    public Evaluator(ImageLoader loader, EvaluatorOptions? options = null)
        : this(loader, options, group: null)
    {
    }

    /// <summary>Makes an evaluator of these images, of which several processes take a share each; all of them get the result.</summary>
    internal Evaluator(ImageLoader loader, EvaluatorOptions? options, ProcessGroup? group)
    {
        ArgumentNullException.ThrowIfNull(loader);
        (_loader, _options, _group) = (loader, options ?? new EvaluatorOptions(), group);
        _own = group is null ? loader : loader.EveryOf(group.Rank, group.Size);
    }

    /// <summary>Passes over all images in inference mode. The modes of the network and its modules stay as they are.</summary>
    /// <param name="model">The network.</param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">Stops the evaluation between two batches.</param>
    /// <exception cref="InvalidOptionException">The engine of the options cannot compute the network.</exception>
    /// <exception cref="DatasetException">All images were skipped because they cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public EvaluationResult Evaluate(
        ResNetModel model, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Evaluate(model, epoch: 1, epochs: 1, progress, cancellationToken);

    /// <summary>
    /// Passes over all images with a network for <c>ResNet.Inference</c>. The loader's normalisation is used, not the file's.
    /// </summary>
    /// <param name="model">The network.</param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">Stops the evaluation between two layers.</param>
    /// <exception cref="ArgumentException">The images have another number of channels than the network takes.</exception>
    /// <exception cref="DatasetException">All images were skipped because they cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public EvaluationResult Evaluate(
        InferenceModel model, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Evaluate(model, epoch: 1, epochs: 1, progress, cancellationToken);
    }

    internal EvaluationResult Evaluate(
        ResNetModel model, int epoch, int epochs, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var copy = InferenceCopy.Open(
            model, _options.Engine, options: null, nameof(EvaluatorOptions), nameof(_options.Engine), file => InferenceModel.Open(file));
        if (copy is not null) return Evaluate(copy, epoch, epochs, progress, cancellationToken);
        using var mode = new EvaluationMode(model);
        bool channelsLast = ImageLayout.IsChannelsLast(model);
        return RunPass(
            images => model.call(ImageLayout.Of(images, channelsLast).to(model.DType)).to(ScalarType.Float32), PredictionEngine.Torch,
            model.Options.Classes, model.Device, CreateMeter(epoch, epochs, progress), cancellationToken);
    }

    private EvaluationResult Evaluate(
        InferenceModel model, int epoch, int epochs, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken) =>
        RunPass(
            images => model.Compute(images, OwnToken(cancellationToken)), PredictionEngine.Inference, model.ClassCount, CPU,
            CreateMeter(epoch, epochs, progress), cancellationToken);

    private ProgressMeter CreateMeter(int epoch, int epochs, IProgress<TrainingProgress>? progress) =>
        new(TrainingPhase.Evaluating, epoch, epochs, _own.Batches, progress, firstStep: 0, _group?.Size ?? 1);

    // Several processes stop after the same batch.
    private CancellationToken OwnToken(CancellationToken cancellationToken) => _group?.Lost ?? cancellationToken;

    private void ThrowIfStopped(CancellationToken cancellationToken)
    {
        bool stops = cancellationToken.IsCancellationRequested;
        if (_group?.IsAny(stops) ?? stops) throw new OperationCanceledException(cancellationToken);
    }

    private EvaluationResult RunPass(
        Func<Tensor, Tensor> network, PredictionEngine engine, int classes, Device device, ProgressMeter meter,
        CancellationToken cancellationToken)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var tally = new EvaluationTally(_own.Images, classes, _options.PositiveClass, device);
        var memory = device.type == DeviceType.CPU ? AllocateInput() : null;
        var clock = Stopwatch.StartNew();
        long skipped = _own.SkippedImages;
        using var batches = _own.Epoch(Epoch, OwnToken(cancellationToken)).GetEnumerator();
        for (int i = 0; i < _own.Batches; i++)
        {
            ThrowIfStopped(cancellationToken);
            // Batches without a readable image are missing.
            if (!batches.MoveNext()) continue;
            var batch = batches.Current;
            using (NewDisposeScope()) tally.Add(batch, ComputeLogProbabilities(network, batch.ToInput(device, memory)));
            meter.Advance(batch, learningRate: 0, () => tally.FetchLossSum() / tally.Images);
        }
        // Decodes nothing, but finishes the pass.
        batches.MoveNext();
        // Waits for the device, because its work is part of the pass.
        var outcomes = tally.Fetch();
        if (_group is not null)
        {
            outcomes = outcomes.Gather(_group, _own);
            long here = _own.SkippedImages - skipped;
            _loader.CountSkipped((long)_group.Sum(here)[0] - here);
        }
        if (outcomes.Images == 0) throw _own.NothingRead();
        return outcomes.ComputeResult(_loader, _options.MistakeCount, outcomes.Images / clock.Elapsed.TotalSeconds) with
        {
            Engine = engine,
        };
    }

    private Tensor AllocateInput()
    {
        var (height, width) = _loader.Transforms.Size;
        return empty([Math.Min(_loader.Options.BatchSize, _loader.Images), height, width, _loader.Options.Channels], ScalarType.Float32);
    }

    private Tensor ComputeLogProbabilities(Func<Tensor, Tensor> network, Tensor input)
    {
        var upright = network(input).log_softmax(1);
        if (!_options.Flips) return upright;
        var mirrored = network(input.flip(3)).log_softmax(1);
        // The logarithm of the mean of two probabilities, computed in logarithms, because small probabilities would become zero.
        var larger = upright.maximum(mirrored);
        return upright.sub(larger).exp().AddInPlace(mirrored.sub(larger).exp()).log().AddInPlace(larger).AddInPlace(-Math.Log(2));
    }
}
