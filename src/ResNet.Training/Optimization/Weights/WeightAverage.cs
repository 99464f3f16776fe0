using static TorchSharp.torch;

namespace ResNet.Training.Optimization.Weights;

/// <summary>
/// An exponential moving average of a network's trainable parameters and floating-point buffers, as torchvision's
/// <c>ExponentialMovingAverage</c> has it. Everything else of a network, frozen parameters and batch counts, is the network's own.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly FlatWeights _source;
    private readonly List<(string Name, Tensor Tensor)> _state = [];

    /// <summary>An average that is the weights themselves.</summary>
    internal WeightAverage(FlatWeights weights)
    {
        _source = weights;
        Weights = weights.Weights.clone().DetachFromDisposeScope();
        Statistics = weights.Statistics.clone().DetachFromDisposeScope();
        foreach (var parameter in weights.Parameters)
            _state.Add(($"average.{parameter.Name}", parameter.ViewOf(Weights).DetachFromDisposeScope()));
        foreach (var buffer in weights.Buffers) _state.Add(($"average.{buffer.Name}", buffer.ViewOf(Statistics).DetachFromDisposeScope()));
    }

    /// <summary>The averages of <see cref="FlatWeights.Weights"/>, in the same places.</summary>
    internal Tensor Weights { get; }

    /// <summary>The averages of <see cref="FlatWeights.Statistics"/>, in the same places.</summary>
    internal Tensor Statistics { get; }

    /// <summary>Moves the average: decay · average + (1 - decay) · weights.</summary>
    /// <param name="decay">How much of the average stays, from 0 to 1; 0 copies the weights.</param>
    internal void Update(double decay)
    {
        using var _ = no_grad();
        // As an interpolation, so that what does not change stays the same to the bit.
        using var part = tensor(1 - decay, Weights.dtype, Weights.device);
        Weights.lerp_(_source.Weights, part);
        Statistics.lerp_(_source.Statistics, part);
    }

    /// <summary>Makes the average the weights themselves again.</summary>
    internal void CopyFromWeights()
    {
        using var _ = no_grad();
        Weights.copy_(_source.Weights);
        Statistics.copy_(_source.Statistics);
    }

    /// <summary>
    /// The averages as <c>average.NAME</c>, with the names of the network's
    /// state_dict, for checkpoints. Loading is copying into these tensors.
    /// </summary>
    internal IReadOnlyList<(string Name, Tensor Tensor)> State() => _state;

    public void Dispose()
    {
        foreach (var (_, tensor) in _state) tensor.Dispose();
        Weights.Dispose();
        Statistics.Dispose();
    }
}
