using ResNet.Core;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization.Weights;

/// <summary>
/// The trainable parameters, the gradients and the floating-point buffers of a network in a few flat tensors, of which the network's own
/// tensors are views, so that an optimizer's step is a few large operations and not a few small ones for each parameter.
/// </summary>
/// <remarks>
/// In mixed precision the flat tensors are the float32 masters, and convolutions and linear layers have copies of low precision, which lie
/// flat as well. While it lives the network must neither be moved nor converted, nor may its gradients be set to null:
/// <see cref="ZeroGradients"/> takes the place of <c>zero_grad</c>.
/// </remarks>
internal sealed class FlatWeights : IDisposable
{
    // Elements. 64 bytes for the smallest type, which suits vector instructions best.
    private const long Alignment = 32;

    private readonly ScalarType _activations;
    private readonly List<NetworkTensor> _parameters;
    private readonly List<NetworkTensor> _buffers;
    private readonly List<(NetworkTensor Parameter, Tensor Master, Tensor Copy)> _frozen = [];
    private readonly List<(string Name, Tensor Tensor)> _state = [];
    private readonly List<Tensor> _own = [];
    private readonly List<(Tensor Master, Tensor Low)> _lowWeights = [];
    private readonly List<(Tensor Master, Tensor Low)> _lowGradients = [];
    private readonly List<Action> _unhook = [];
    private readonly Tensor? _copies;
    private readonly Tensor? _copyGradients;
    private bool _evaluating;
    private bool _released;

    /// <summary>
    /// Moves the network's tensors into flat ones. Their values stay, images'
    /// weights are laid out as they train fastest, and gradients start at zero.
    /// </summary>
    /// <param name="model">The network, on the device and of the type that it trains in; mixed precision converts it to float32.</param>
    /// <param name="decayNormsAndBiases">Whether parameters of one dimension count as decaying too.</param>
    /// <param name="precision">
    /// What convolutions and linear layers compute in. BFloat16 on a CPU without instructions for it becomes Full.
    /// </param>
    /// <param name="allowSlowPrecision">Whether such a CPU computes bfloat16 all the same.</param>
    /// <exception cref="ArgumentException">
    /// The device or a module of the network cannot compute in that precision, or the network's tensors are of several types.
    /// </exception>
    internal FlatWeights(ResNetModel model, bool decayNormsAndBiases, Precision precision, bool allowSlowPrecision = false)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Precision = MixedPrecision.Available(precision, model.Device, allowSlowPrecision);
        bool mixed = Precision != Precision.Full;
        var (low, full) = mixed ? MixedPrecision.Split(model) : ([], []);
        if (mixed) model.to(ScalarType.Float32);
        var (type, device) = (model.DType, model.Device);
        RefuseOtherTypes(model, type);
        _activations = mixed ? MixedPrecision.TypeOf(Precision) : type;

        model.ToChannelsLast();
        var tensors = Find(model, low);
        _parameters = [.. tensors.Where(tensor => tensor.IsTrainable).OrderByDescending(Decays).ThenByDescending(tensor => tensor.IsLow)];
        _buffers =
        [
            .. model.named_buffers()
                .Where(entry => entry.buffer.is_floating_point())
                .Select(entry => new NetworkTensor(entry.name, entry.buffer)),
        ];
        Decayed = Place(_parameters.Where(Decays), 0);
        long length = Place(_parameters.Where(parameter => !Decays(parameter)), Decayed);
        Weights = Own(zeros(length, type, device));
        Gradients = Own(zeros(length, type, device));
        Statistics = Own(zeros(Place(_buffers, 0), type, device));
        if (mixed)
        {
            _copies = Own(zeros(length, _activations, device));
            _copyGradients = Own(zeros(length, _activations, device));
        }
        Fill(model, tensors);
        PairRanges();
        PublishWeights();
        ShowTraining();
        foreach (var module in full) Hook(module);

        bool Decays(NetworkTensor tensor) => decayNormsAndBiases || tensor.Shape.Length > 1;
    }

    /// <summary>What the network really computes in.</summary>
    internal Precision Precision { get; }

    /// <summary>
    /// All trainable parameters, those that decay first, each at a multiple of 32 elements;
    /// between them are zeros. Of the network's type; float32 in mixed precision.
    /// </summary>
    internal Tensor Weights { get; }

    /// <summary>Their gradients, of the same type and in the same places.</summary>
    internal Tensor Gradients { get; }

    /// <summary>The floating-point buffers: running means and variances. May be empty.</summary>
    internal Tensor Statistics { get; }

    /// <summary>How many of the first elements decay.</summary>
    internal long Decayed { get; }

    /// <summary>Where each trainable parameter is.</summary>
    internal IReadOnlyList<(string Name, long Offset, long Length)> Layout =>
        [.. _parameters.Select(parameter => (parameter.Name, parameter.Offset, parameter.Length))];

    internal IReadOnlyList<NetworkTensor> Parameters => _parameters;

    internal IReadOnlyList<NetworkTensor> Buffers => _buffers;

    /// <summary>
    /// Everything in the network's state_dict, frozen parameters and batch counts included, as <c>model.NAME</c> and in the masters'
    /// precision. Loading is copying into these tensors, and <see cref="PublishWeights"/> after it.
    /// </summary>
    internal IReadOnlyList<(string Name, Tensor Tensor)> State() => _state;

    /// <summary>Sets all gradients to zero.</summary>
    internal void ZeroGradients()
    {
        Gradients.FillInPlace(0);
        _copyGradients?.FillInPlace(0);
    }

    /// <summary>
    /// Adds the gradients that layers of low precision have to <see cref="Gradients"/>, and sets them to zero there; so the gradients of
    /// several batches add up in full precision if this is called after each. Does nothing in full precision.
    /// </summary>
    internal void CollectGradients()
    {
        foreach (var (master, low) in _lowGradients) master.AddInPlace(low);
        _copyGradients?.FillInPlace(0);
    }

    /// <summary>Copies the weights to the layers of low precision: to be called after each step. Does nothing in full precision.</summary>
    internal void PublishWeights()
    {
        using var _ = no_grad();
        foreach (var (master, low) in _lowWeights) low.copy_(master);
        foreach (var (parameter, master, copy) in _frozen) copy.copy_(master);
    }

    /// <summary>
    /// Until disposed of, the network has the masters or the average in full precision; afterwards the very same bits as before. It must
    /// not train meanwhile.
    /// </summary>
    /// <param name="average">The average to see; null for the weights themselves.</param>
    /// <exception cref="InvalidOperationException">It is being evaluated already.</exception>
    internal IDisposable BeginEvaluation(WeightAverage? average)
    {
        if (_evaluating)
            throw new InvalidOperationException("The network is being evaluated already: dispose of the former evaluation first.");
        _evaluating = true;
        using var _ = no_grad();
        foreach (var (parameter, master, copy) in _frozen) parameter.Show(master);
        foreach (var parameter in _parameters.Where(parameter => parameter.IsLow || average is not null))
            Show(parameter, average?.Weights ?? Weights);
        if (average is not null) foreach (var buffer in _buffers) Show(buffer, average.Statistics);
        return new Evaluation(this, average is not null);
    }

    /// <summary>
    /// Gives the network ordinary tensors of its own again, in full precision. What was moved or disposed of meanwhile stays as it is.
    /// </summary>
    internal void Release()
    {
        if (_released) return;
        _released = true;
        foreach (var unhook in _unhook) unhook();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (parameter, master, copy) in _frozen.Where(entry => !entry.Parameter.IsLost)) parameter.Show(master);
        foreach (var parameter in _parameters.Where(parameter => !parameter.IsLost))
        {
            // Of this memory's shape, but not of the next one's.
            parameter.Value.grad = null;
            parameter.Show(parameter.ViewOf(Weights).clone());
        }
        foreach (var buffer in _buffers.Where(buffer => !buffer.IsLost)) buffer.Show(buffer.ViewOf(Statistics).clone());
    }

    /// <summary>Releases the network and gives the flat tensors back.</summary>
    public void Dispose()
    {
        Release();
        foreach (var tensor in _own) tensor.Dispose();
    }

    /// <summary>
    /// Parts of the flat tensors, each of parameters that decay or of ones that do not. On a CPU they are so long that all that an
    /// optimizer needs for one stays in the cores' caches from operation to operation; elsewhere as long as possible.
    /// </summary>
    /// <param name="length">The largest length, a multiple of 32; null for what suits the device.</param>
    internal IEnumerable<(long Offset, long Length, bool Decays)> Chunks(long? length = null)
    {
        long longest = length ?? (Weights.is_cuda ? long.MaxValue : ChunkOfThread * get_num_threads());
        foreach (var (start, end, decays) in new[] { (0L, Decayed, true), (Decayed, Weights.numel(), false) })
        {
            for (long offset = start; offset < end; offset += longest)
            {
                yield return (offset, Math.Min(longest, end - offset), decays);
                if (longest > end - offset) break;
            }
        }
    }

    // With AdamW, which needs four tensors: 1 MiB for each core.
    private const long ChunkOfThread = 1 << 16;

    private static void RefuseOtherTypes(ResNetModel model, ScalarType type)
    {
        foreach (var (name, tensor) in model.state_dict().Where(entry => entry.Value.is_floating_point() && entry.Value.dtype != type))
        {
            throw new ArgumentException(
                $"The network's {name} is {tensor.dtype} and its classifier {type}: "
                + $"convert it to one type with .to(ScalarType.{type}).");
        }
    }

    private static List<NetworkTensor> Find(ResNetModel model, Dictionary<string, nn.Module> low)
    {
        var found = new List<NetworkTensor>();
        foreach (var (name, parameter) in model.named_parameters())
        {
            int dot = name.LastIndexOf('.');
            bool isLow = low.TryGetValue(name[..Math.Max(dot, 0)], out var layer) && dot >= 0;
            found.Add(new NetworkTensor(name, parameter, isLow ? Replacing(layer!, name[(dot + 1)..]) : null));
        }
        // A layer's second name says the same as its first; of a second layer with the same parameter only one could get the copy.
        var names = found.Select(parameter => parameter.Name).ToHashSet();
        var named = low.Where(layer => names.Contains($"{layer.Key}.weight")).Select(layer => layer.Value).ToHashSet();
        foreach (var (name, _) in low.Where(layer => !named.Contains(layer.Value)))
        {
            throw new ArgumentException(
                $"The network's layer {name} has its weight in common with another one, which mixed precision cannot convert: "
                + $"train with {nameof(Precision)}.{nameof(Precision.Full)}.");
        }
        return found;
    }

    private static Action<Parameter> Replacing(nn.Module layer, string name) => (layer, name) switch
    {
        (Conv2d convolution, nameof(Conv2d.weight)) => parameter => convolution.weight = parameter,
        (Conv2d convolution, _) => parameter => convolution.bias = parameter,
        (Linear linear, nameof(Linear.weight)) => parameter => linear.weight = parameter,
        (_, _) => parameter => ((Linear)layer).bias = parameter,
    };

    private static long Place(IEnumerable<NetworkTensor> tensors, long offset)
    {
        foreach (var tensor in tensors)
        {
            tensor.Offset = offset;
            offset += (tensor.Length + Alignment - 1) / Alignment * Alignment;
        }
        return offset;
    }

    // The values, and each tensor under all the names that the state_dict has for it.
    private void Fill(ResNetModel model, List<NetworkTensor> tensors)
    {
        var masters = new Dictionary<nint, Tensor>();
        foreach (var parameter in _parameters) masters[parameter.Value.Handle] = Filled(parameter, Weights);
        foreach (var buffer in _buffers) masters[buffer.Value.Handle] = Filled(buffer, Statistics);
        foreach (var parameter in tensors.Where(tensor => !tensor.IsTrainable && tensor.IsLow))
        {
            var master = Own(parameter.Value.detach().clone());
            _frozen.Add((parameter, master, Own(master.to(_activations))));
            masters[parameter.Value.Handle] = master;
        }
        foreach (var (name, tensor) in model.state_dict())
            _state.Add(($"model.{name}", masters.GetValueOrDefault(tensor.Handle) ?? tensor));
    }

    private Tensor Filled(NetworkTensor tensor, Tensor flat) => Own(tensor.ViewOf(flat).copy_(tensor.Value));

    // Layers of low precision come first among those that decay and those that do not: two ranges at the most.
    private void PairRanges()
    {
        foreach (var range in _parameters.Where(parameter => parameter.IsLow).GroupBy(parameter => parameter.Offset < Decayed))
        {
            long start = range.First().Offset, length = range.Last().Offset + range.Last().Length - start;
            _lowWeights.Add((Own(Weights.narrow(0, start, length)), Own(_copies!.narrow(0, start, length))));
            _lowGradients.Add((Own(Gradients.narrow(0, start, length)), Own(_copyGradients!.narrow(0, start, length))));
        }
    }

    private void ShowTraining()
    {
        foreach (var (parameter, _, copy) in _frozen) parameter.Show(copy);
        foreach (var buffer in _buffers) Show(buffer, Statistics);
        foreach (var parameter in _parameters)
        {
            Show(parameter, parameter.IsLow ? _copies! : Weights);
            using var gradient = parameter.ViewOf(parameter.IsLow ? _copyGradients! : Gradients);
            parameter.Value.grad = gradient;
        }
    }

    private static void Show(NetworkTensor tensor, Tensor flat)
    {
        using var view = tensor.ViewOf(flat);
        tensor.Show(view);
    }

    private void Hook(nn.Module<Tensor, Tensor> module)
    {
        var type = Weights.dtype;
        var before = module.register_forward_pre_hook((_, input) => input.to(type));
        var after = module.register_forward_hook((_, _, output) => _evaluating ? output : output.to(_activations));
        _unhook.Add(before.remove);
        _unhook.Add(after.remove);
    }

    private Tensor Own(Tensor tensor)
    {
        _own.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }

    private sealed class Evaluation(FlatWeights weights, bool ofAverage) : IDisposable
    {
        public void Dispose()
        {
            if (!weights._evaluating) return;
            weights._evaluating = false;
            if (weights._released || !(ofAverage || weights.Precision != Precision.Full)) return;
            using var _ = no_grad();
            weights.ShowTraining();
        }
    }
}
