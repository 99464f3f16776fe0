using System.Diagnostics;
using ResNet.Core;
using ResNet.Training.Data;
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

    /// <summary>Makes an evaluator of these images.</summary>
    /// <param name="loader">The images; it should neither shuffle nor augment.</param>
    /// <param name="options">The options; null for the defaults.</param>
    public Evaluator(ImageLoader loader, EvaluatorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(loader);
        (_loader, _options) = (loader, options ?? new EvaluatorOptions());
    }

    /// <summary>Passes over all images in inference mode. The modes of the network and its modules stay as they are.</summary>
    /// <param name="model">The network.</param>
    /// <param name="progress">Receives progress reports.</param>
    /// <param name="cancellationToken">Stops the evaluation between two batches.</param>
    /// <exception cref="DatasetException">All images were skipped because they cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public EvaluationResult Evaluate(
        ResNetModel model, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Evaluate(model, epoch: 1, epochs: 1, progress, cancellationToken);

    internal EvaluationResult Evaluate(
        ResNetModel model, int epoch, int epochs, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var mode = new EvaluationMode(model);
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        return RunPass(model, new ProgressMeter(TrainingPhase.Evaluating, epoch, epochs, _loader.Batches, progress), cancellationToken);
    }

    private EvaluationResult RunPass(ResNetModel model, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var tally = new EvaluationTally(_loader.Images, model.Options.Classes, _options.PositiveClass, model.Device);
        var memory = model.Device.type == DeviceType.CPU ? AllocateInput() : null;
        bool channelsLast = ImageLayout.IsChannelsLast(model);
        var clock = Stopwatch.StartNew();
        foreach (var batch in _loader.Epoch(Epoch, cancellationToken))
        {
            using (NewDisposeScope())
            {
                var input = ImageLayout.Of(batch.ToInput(model.Device, memory), channelsLast).to(model.DType);
                tally.Add(batch, ComputeLogProbabilities(model, input));
            }
            meter.Advance(batch, learningRate: 0, () => tally.FetchLossSum() / tally.Images);
        }
        if (tally.Images == 0) throw _loader.NothingRead();
        return tally.ComputeResult(_loader, _options.MistakeCount, clock);
    }

    private Tensor AllocateInput()
    {
        var (height, width) = _loader.Transforms.Size;
        return empty([Math.Min(_loader.Options.BatchSize, _loader.Images), height, width, _loader.Options.Channels], ScalarType.Float32);
    }

    private Tensor ComputeLogProbabilities(ResNetModel model, Tensor input)
    {
        var upright = Predict(input);
        if (!_options.Flips) return upright;
        var mirrored = Predict(input.flip(3));
        // The logarithm of the mean of two probabilities, computed in logarithms, because small probabilities would become zero.
        var larger = upright.maximum(mirrored);
        return upright.sub(larger).exp().AddInPlace(mirrored.sub(larger).exp()).log().AddInPlace(larger).AddInPlace(-Math.Log(2));

        Tensor Predict(Tensor images) => model.call(images).to(ScalarType.Float32).log_softmax(1);
    }
}
