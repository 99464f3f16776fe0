using static TorchSharp.torch;

namespace ResNet.Training.Optimization.Weights;

/// <summary>
/// An exponential moving average of a network's trainable parameters and floating-point buffers, as in torchvision's
/// <c>ExponentialMovingAverage</c>. Other tensors (frozen parameters and batch counts) are those of the network.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly FlatWeights _source;
    private readonly List<(string Name, Tensor Tensor)> _state = [];

    /// <summary>Makes an average that equals the weights.</summary>
    internal WeightAverage(FlatWeights weights)
    {
        _source = weights;
        Weights = weights.Weights.clone().DetachFromDisposeScope();
        Statistics = weights.Statistics.clone().DetachFromDisposeScope();
        foreach (var parameter in weights.Parameters)
            _state.Add(($"average.{parameter.Name}", parameter.ViewOf(Weights).DetachFromDisposeScope()));
        foreach (var buffer in weights.Buffers) _state.Add(($"average.{buffer.Name}", buffer.ViewOf(Statistics).DetachFromDisposeScope()));
    }

    /// <summary>The averages of <see cref="FlatWeights.Weights"/>, at the same positions.</summary>
    internal Tensor Weights { get; }

    /// <summary>The averages of <see cref="FlatWeights.Statistics"/>, at the same positions.</summary>
    internal Tensor Statistics { get; }

    /// <summary>Updates the average to decay · average + (1 - decay) · weights.</summary>
    /// <param name="decay">The factor of the former average, from 0 to 1; 0 copies the weights.</param>
    internal void Update(double decay)
    {
        using var _ = no_grad();
        // An interpolation leaves unchanged values the same to the bit.
        using var part = tensor(1 - decay, Weights.dtype, Weights.device);
        Weights.lerp_(_source.Weights, part);
        Statistics.lerp_(_source.Statistics, part);
    }

    /// <summary>Sets the average to the weights.</summary>
    internal void CopyFromWeights()
    {
        using var _ = no_grad();
        Weights.copy_(_source.Weights);
        Statistics.copy_(_source.Statistics);
    }

    /// <summary>
    /// The averages for checkpoints, as <c>average.NAME</c> with the names of the network's state_dict. Loading copies into these tensors.
    /// </summary>
    internal IReadOnlyList<(string Name, Tensor Tensor)> State() => _state;

    public void Dispose()
    {
        foreach (var (_, tensor) in _state) tensor.Dispose();
        Weights.Dispose();
        Statistics.Dispose();
    }
}
