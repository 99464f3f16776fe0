using ResNet.Core;
using ResNet.Core.Layers;
using ResNet.Imaging.Randomness;
using ResNet.Training.Distributed;
using ResNet.Training.Loading;
using ResNet.Training.Loading.Transforms;
using ResNet.Training.TrainingLoop.Telemetry;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training.TrainingLoop;

/// <summary>Computes loss and gradients of a step, batch by batch. One object computes all steps of an epoch.</summary>
internal sealed class TrainingStep : IDisposable
{
    // Other streams are the loader's for the order (1) and the images (2), and the mixing's (3).
    private const long NetworkStream = 4;

    private readonly TrainingState _state;
    private readonly TrainerOptions _options;
    private readonly long _seed;
    private readonly bool _keepsLayout;
    private readonly Tensor? _memory;
    private readonly TrainingLoss _loss;
    private readonly TrainingProfile? _profile;
    private readonly ProcessGroup? _group;
    private readonly GradientSums? _sums;

    // Null if each process has norms of its own.
    private readonly BatchSums? _norms;
    private readonly ImageLoader _loader;

    // Null if images are not mixed, or one process has all of them.
    private readonly LastRows? _lastRows;

    internal TrainingStep(
        TrainingState state, TrainerOptions options, ImageLoader loader, TrainingProfile? profile = null, ProcessGroup? group = null)
    {
        (_state, _options, _loader, _seed, _profile, _group) = (state, options, loader, loader.Options.Seed, profile, group);
        using var scope = NewDisposeScope();
        var device = state.Model.Device;
        var (height, width) = loader.Transforms.Size;
        _loss = new TrainingLoss(options, device);
        // Our kernels read images of any memory order.
        _keepsLayout = state.Model.HasTrainingKernels() || ImageLayout.IsChannelsLast(state.Model);
        if (device.type == DeviceType.CPU)
        {
            _memory = empty([loader.Options.BatchSize, height, width, loader.Options.Channels], ScalarType.Float32)
                .DetachFromDisposeScope();
        }
        _sums = group is null ? null : new GradientSums(state.Weights, group);
        _norms = group is not null && options.SynchronizedNorms ? new BatchSums(sum => group.Sum(sum)) : null;
        _lastRows = group is null || options.Mixing is null
            ? null : new LastRows(group, [loader.Options.Channels, height, width], state.Model.Options.Classes);
        Loss = zeros(1, ScalarType.Float64, device).DetachFromDisposeScope();
        LossSum = zeros(1, ScalarType.Float64, device).DetachFromDisposeScope();
        // Mixed images have no single class.
        Correct = options.Mixing is null ? zeros(1, ScalarType.Float64, device).DetachFromDisposeScope() : null;
    }

    /// <summary>The step's number in the run, from 0.</summary>
    internal long Number { get; private set; }

    /// <summary>The number of images of the step so far.</summary>
    internal int Images { get; private set; }

    /// <summary>The mean loss <c>[1]</c>, float64.</summary>
    internal Tensor Loss { get; }

    /// <summary>The sum of the losses of the step's images <c>[1]</c>, float64.</summary>
    internal Tensor LossSum { get; }

    /// <summary>
    /// The number of the step's images <c>[1]</c>, float64, whose class is the likeliest one before the step; null if images are mixed.
    /// </summary>
    internal Tensor? Correct { get; }

    /// <summary>Returns the mean loss; waits for the device.</summary>
    internal double FetchLoss() => Loss.ReadDouble();

    /// <summary>
    /// Computes the gradients of a batch and adds them to those of the step; the first batch begins the step. Of several processes, each
    /// has a part of the batch; nothing happens if none has an image of it.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="number">The step's number in the run, from 0.</param>
    /// <param name="batchesOfStep">The number of batches of the complete step.</param>
    /// <param name="isLeftOut">Whether this process's part of the batch is left out; of one process, there is nothing to add then.</param>
    internal void Add(ImageBatch batch, long number, int batchesOfStep, bool isLeftOut = false)
    {
        // This process's part of the loss, its images, and those of all processes.
        double part = 1;
        int own = isLeftOut ? 0 : batch.Count, images = own;
        if (_group is not null)
        {
            // Images that are mixed have no single class, whose weight would count.
            double divisor = own == 0 ? 0 : _options.Mixing is null ? _loss.Divisor(batch.Labels) : own;
            double[] sums = _group.Sum(divisor, own);
            if (sums[1] == 0 || (_norms is not null && IsSingle((int)sums[1]))) return;
            (part, images) = (divisor / sums[0], (int)sums[1]);
        }
        if (!_state.IsWithinStep) Begin(number);
        using var scope = NewDisposeScope();
        // Random numbers in the network depend on the seed and the batch, not on earlier draws.
        manual_seed((long)SplitMix64.For(_seed, NetworkStream, _state.Epoch, batch.Index).Next()).Dispose();
        _profile?.AddImages(own);
        Images += images;
        if (own == 0)
        {
            _lastRows?.Skip(_state.Model.Device);
            if (_norms is null) _state.AddNoGradients();
            else AddNothing(batchesOfStep);
            return;
        }
        var loss = ComputeLoss(batch);
        using Scalar count = batchesOfStep, factor = part;
        var gradual = batchesOfStep == 1 ? loss : loss.div(count);
        AddGradients(_group is null ? gradual : gradual.mul(factor), batchesOfStep);
        _profile?.Lap(StepPhase.Backward);
        var value = loss.detach().to(ScalarType.Float64);
        Loss.AddInPlace(value, part / batchesOfStep);
        LossSum.AddInPlace(value, part * images);
    }

    /// <summary>Adds the gradients and the losses of the other processes, if there are any; called once, at the end of the step.</summary>
    internal void AddOthers()
    {
        if (_group is null) return;
        _sums!.Finish();
        _group.Sum(Loss, LossSum, Correct);
        _profile?.Lap(StepPhase.Waiting);
    }

    public void Dispose()
    {
        _memory?.Dispose();
        _sums?.Dispose();
        _loss.Dispose();
        Loss.Dispose();
        LossSum.Dispose();
        Correct?.Dispose();
    }

    private Tensor Call(Tensor input, bool counts = true)
    {
        using var together = _norms?.Begin(counts);
        return _state.Model.call(input);
    }

    private void AddGradients(Tensor loss, int batchesOfStep)
    {
        try
        {
            _state.AddGradients(loss, batchesOfStep == 1 && _sums is not null ? _sums.Add : null);
        }
        // libtorch only says that a gradient is invalid.
        catch (Exception) when ((_norms?.Failure ?? _state.Model.TrainingFailure) is CommunicationException lost)
        {
            throw new CommunicationException(lost.Message, lost.LostRank, lost.HasFailed);
        }
        catch (Exception e) when (_norms?.Failure is { } failure)
        {
            throw new InvalidOperationException($"The gradients cannot be computed. {failure.Message}", e);
        }
    }

    // The network computes an image that counts nowhere, to take part in the sums of its norms.
    private void AddNothing(int batchesOfStep)
    {
        var (height, width) = _loader.Transforms.Size;
        var image = zeros([1, _loader.Options.Channels, height, width], _state.Model.DType, _state.Model.Device);
        using Scalar nothing = 0;
        AddGradients(Call(image, counts: false).to(ScalarType.Float32).sum().mul(nothing), batchesOfStep);
    }

    // Whether no batch norm can normalise so many images.
    private bool IsSingle(int images)
    {
        var (height, width) = _loader.Transforms.Size;
        return _state.Model.HasSinglePixels(images, height, width);
    }

    private void Begin(long number)
    {
        _profile?.BeginStep();
        _state.BeginStep();
        Loss.FillInPlace(0);
        LossSum.FillInPlace(0);
        Correct?.FillInPlace(0);
        (Number, Images) = (number, 0);
    }

    private MixingRows Exchange(Tensor inputs, Tensor targets)
    {
        var (image, target) = _lastRows!.Exchange(MixingRows.Last(inputs), MixingRows.Last(targets));
        return new MixingRows(inputs, targets, image, target);
    }

    private Tensor ComputeLoss(ImageBatch batch)
    {
        var model = _state.Model;
        var input = ImageLayout.Of(batch.ToInput(model.Device, _memory), _keepsLayout);
        var labels = batch.Labels.to(model.Device, non_blocking: true);
        if (_options.Mixing is { } mixing)
        {
            Func<Tensor, Tensor, MixingRows> find = _lastRows is null ? MixingRows.Of : Exchange;
            labels = mixing.Apply(input, labels, model.Options.Classes, _seed, _state.Epoch, batch.Index, find);
        }
        _profile?.Lap(StepPhase.Input);
        var logits = Call(input.to(model.DType)).to(ScalarType.Float32);
        _profile?.Lap(StepPhase.Forward);
        Correct?.AddInPlace(logits.detach().argmax(1).eq(labels).sum(ScalarType.Float64));
        var loss = _loss.Compute(logits, labels);
        _profile?.Lap(StepPhase.Loss);
        return loss;
    }
}
