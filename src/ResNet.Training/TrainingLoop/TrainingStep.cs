using ResNet.Imaging;
using ResNet.Training.Loading;
using ResNet.Training.Optimization.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.TrainingLoop;

/// <summary>A step of a run: the gradients of one or more batches, and what the weights become by them.</summary>
internal sealed class TrainingStep : IDisposable
{
    // Beside the loader's streams of the order (1) and of the images (2), and the mixing's (3).
    private const long NetworkStream = 4;

    private readonly TrainingRun _run;
    private readonly TrainerOptions _options;
    private readonly long _seed;
    private readonly bool _isChannelsLast;
    private readonly Tensor? _memory;
    private readonly Tensor _loss;
    private readonly Tensor _lossSum;
    private readonly Tensor? _statistics;

    internal TrainingStep(TrainingRun run, TrainerOptions options, ImageLoader loader)
    {
        (_run, _options, _seed) = (run, options, loader.Options.Seed);
        using var scope = NewDisposeScope();
        var device = run.Model.Device;
        var (height, width) = loader.Transforms.Size;
        _isChannelsLast = ImageLayout.IsChannelsLast(run.Model);
        if (device.type == DeviceType.CPU)
            _memory = empty([loader.Options.BatchSize, height, width, loader.Options.Channels], ScalarType.Float32).DetachFromDisposeScope();
        _loss = zeros(1, ScalarType.Float64, device).DetachFromDisposeScope();
        _lossSum = zeros(1, ScalarType.Float64, device).DetachFromDisposeScope();
        if (options.OnNonFiniteLoss == OnNonFiniteLoss.SkipStep) _statistics = run.Weights.Statistics.clone().DetachFromDisposeScope();
    }

    /// <summary>The step's number in the run, from 0.</summary>
    internal long Number { get; set; }

    /// <summary>Batches that were added.</summary>
    internal int Batches { get; private set; }

    /// <summary>Images that were added.</summary>
    internal int Images { get; private set; }

    /// <summary>The epoch's batch after the last one that was added.</summary>
    internal int NextBatch { get; private set; }

    /// <summary>Computes the gradients of a batch and adds them to those of the step.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="epoch">The epoch's number, from 0.</param>
    /// <param name="batchesOfStep">Batches that the step has when it is whole.</param>
    internal void Add(ImageBatch batch, int epoch, int batchesOfStep)
    {
        if (Batches == 0) Begin();
        using var scope = NewDisposeScope();
        // What is random in the network depends on the seed and the batch, not on what was drawn before.
        manual_seed((long)SplitMix64.For(_seed, NetworkStream, epoch, batch.Index).Next()).Dispose();
        var loss = Loss(batch, epoch);
        using Scalar count = batchesOfStep;
        var part = batchesOfStep == 1 ? loss : loss.div(count);
        (_run.Scaler?.Scale(part) ?? part).backward();
        _run.Weights.CollectGradients();
        var value = loss.detach().to(ScalarType.Float64);
        _loss.AddInPlace(value, 1.0 / batchesOfStep);
        _lossSum.AddInPlace(value, batch.Count);
        Images += batch.Count;
        Batches++;
        _run.IsWithinStep = true;
        NextBatch = batch.Index + 1;
    }

    /// <summary>Changes the weights.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="look">Whether to look at the loss before, which waits for the device.</param>
    /// <returns>Whether they were changed; otherwise the step was skipped.</returns>
    /// <exception cref="ArithmeticException">The loss is not finite, and such steps are not to be skipped.</exception>
    internal bool Apply(double learningRate, bool look)
    {
        using var untracked = no_grad();
        using var scope = NewDisposeScope();
        Batches = 0;
        _run.IsWithinStep = false;
        var weights = _run.Weights;
        bool hasLoss = !look || double.IsFinite(_loss.ReadDouble());
        if (!hasLoss && _options.OnNonFiniteLoss == OnNonFiniteLoss.Stop) throw Diverged(Number, _run.Position.Epoch);
        if (hasLoss)
        {
            _run.StepLosses.narrow(0, Number, 1).copy_(_loss);
            _run.LossSum.AddInPlace(_lossSum);
            _run.Position.Images += Images;
        }
        if (!HasGradients(weights) || !hasLoss)
        {
            if (_statistics is not null) weights.Statistics.copy_(_statistics);
            return false;
        }
        if (_options.ClipNorm is { } limit) Gradients.Clip(weights, limit);
        _run.Optimizer.Step(learningRate);
        weights.PublishWeights();
        return true;
    }

    // Whoever scales the loss looks at the gradients in any case, and changes the scale by what it finds.
    private bool HasGradients(FlatWeights weights)
    {
        if (_run.Scaler is not { } scaler)
            return _options.OnNonFiniteLoss == OnNonFiniteLoss.Stop || Gradients.AreFinite(weights.Gradients);
        bool finite = scaler.Unscale(weights);
        scaler.Update();
        return finite;
    }

    /// <summary>What to say of a loss that is not finite.</summary>
    internal static ArithmeticException Diverged(long step, int epoch) => new(
        $"The loss is no longer finite in step {step + 1}, epoch {epoch + 1}: the training has diverged. Try a lower learning rate, a longer warm-up, or clipping of the gradients' norm.");

    public void Dispose()
    {
        _memory?.Dispose();
        _loss.Dispose();
        _lossSum.Dispose();
        _statistics?.Dispose();
    }

    private void Begin()
    {
        _run.Weights.ZeroGradients();
        _loss.FillInPlace(0);
        _lossSum.FillInPlace(0);
        _statistics?.copy_(_run.Weights.Statistics);
        Images = 0;
    }

    private Tensor Loss(ImageBatch batch, int epoch)
    {
        var model = _run.Model;
        var device = model.Device;
        var input = ImageLayout.Of(batch.ToInput(device, _memory), _isChannelsLast);
        var labels = batch.Labels.to(device, non_blocking: true);
        if (_options.Mixing is { } mixing) labels = mixing.Apply(input, labels, model.Options.Classes, _seed, epoch, batch.Index);
        var logits = model.call(input.to(model.DType)).to(ScalarType.Float32);
        return nn.functional.cross_entropy(logits, labels, label_smoothing: _options.LabelSmoothing);
    }
}
