using ResNet.Training.Optimization.Weights;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization;

/// <summary>Updates all weights of a network at once.</summary>
internal abstract class FlatOptimizer : IDisposable
{
    private readonly List<Tensor> _own = [];
    private readonly List<(string Name, Tensor Tensor)> _state = [];
    private readonly List<(long Offset, long Length, bool Decays)> _chunks;

    /// <param name="options">The options of the optimizer.</param>
    /// <param name="weights">The weights to update.</param>
    /// <param name="chunk">The maximum length of an update's parts; null for the device's default. Results do not depend on it.</param>
    private protected FlatOptimizer(OptimizerOptions options, FlatWeights weights, long? chunk)
    {
        Weights = weights;
        WeightDecay = options.WeightDecay;
        _chunks = [.. weights.Chunks(chunk)];
    }

    private protected FlatWeights Weights { get; }

    private protected double WeightDecay { get; }

    /// <summary>Makes the optimizer for some options.</summary>
    /// <param name="options">The options. <paramref name="weights"/> determine whether norms and biases decay.</param>
    /// <param name="weights">The weights to update. They must live as long as the optimizer.</param>
    /// <param name="chunk">
    /// The maximum length of the parts of an update, a multiple of 32; null for the device's default. Results do not depend on it.
    /// </param>
    internal static FlatOptimizer Create(OptimizerOptions options, FlatWeights weights, long? chunk = null) => options switch
    {
        Sgd sgd => new FlatSgd(sgd, weights, chunk),
        AdamW adam => new FlatAdamW(adam, weights, chunk),
        Lamb lamb => new FlatLamb(lamb, weights, chunk),
        _ => throw new ArgumentException($"There is no optimizer for {options.GetType().Name}."),
    };

    /// <summary>Updates the weights. The gradients have no meaning afterwards.</summary>
    internal void Step(double learningRate)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Update(learningRate);
    }

    /// <summary>
    /// The state of the optimizer for checkpoints: <c>momentum.NAME</c>, <c>exp_avg.NAME</c> and <c>exp_avg_sq.NAME</c> of each parameter,
    /// and the number of steps as <c>optimizer.step</c>. Loading copies into these tensors.
    /// </summary>
    internal IReadOnlyList<(string Name, Tensor Tensor)> State() => _state;

    public void Dispose()
    {
        foreach (var tensor in _own) tensor.Dispose();
    }

    private protected abstract void Update(double learningRate);

    /// <summary>Adds a flat tensor of zeros, in the layout of the weights, to the state.</summary>
    private protected Tensor AddState(string name)
    {
        var flat = Own(zeros_like(Weights.Weights));
        foreach (var parameter in Weights.Parameters) _state.Add(($"{name}.{parameter.Name}", Own(parameter.ViewOf(flat))));
        return flat;
    }

    /// <summary>Adds the number of steps, from 0, to the state.</summary>
    private protected Tensor AddStepCount()
    {
        // On the CPU, where reading it costs nothing.
        var steps = Own(tensor(0L));
        _state.Add(("optimizer.step", steps));
        return steps;
    }

    /// <summary>Makes views of the chunks of some flat tensors, each with whether it has weight decay.</summary>
    private protected List<(bool Decays, Tensor[] Parts)> Chunked(params Tensor[] flats) =>
        [.. _chunks.Select(chunk => (chunk.Decays, flats.Select(flat => Own(flat.narrow(0, chunk.Offset, chunk.Length))).ToArray()))];

    /// <summary>Disposes a tensor together with the optimizer.</summary>
    private protected Tensor Own(Tensor tensor)
    {
        _own.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
