using ResNet.Core;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization.Weights;

/// <summary>
/// The trainable parameters, gradients and floating-point buffers of a network in a few flat tensors; the network's own tensors are views
/// of them. An optimizer's step is therefore a few large operations instead of a few small ones for each parameter.
/// </summary>
/// <remarks>
/// In mixed precision, the flat tensors are the float32 masters, and convolutions and linear layers have low-precision copies, which are
/// also flat. During the lifetime of this object, do not move or convert the network or set its gradients to null:
/// <see cref="ZeroGradients"/> replaces <c>zero_grad</c>.
/// </remarks>
internal sealed class FlatWeights : IDisposable
{
    // In elements: 64 bytes with the smallest type, the best alignment for vector instructions.
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
    /// Moves the network's tensors into flat ones. Their values do not change, weights of convolutions become channels-last unless kernels
    /// of this library train the network, and gradients start at zero.
    /// </summary>
    /// <param name="model">The network, with the device and type of the training; mixed precision converts it to float32.</param>
    /// <param name="decayNormsAndBiases">Whether parameters of one dimension also have weight decay.</param>
    /// <param name="precision">
    /// The precision of convolutions and linear layers. BFloat16 becomes Full on a CPU without instructions for it.
    /// </param>
    /// <param name="allowSlowPrecision">Whether such a CPU emulates bfloat16 instead.</param>
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

        // libtorch trains fastest channels-last; our kernels read the order of files.
        bool isContiguous = !mixed && model.HasTrainingKernels();
        if (!isContiguous) model.ToChannelsLast();
        var tensors = Find(model, low, isContiguous);
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

    /// <summary>The actual precision of the network's computations.</summary>
    internal Precision Precision { get; }

    /// <summary>
    /// All trainable parameters, first those with weight decay. Each starts at a multiple of 32 elements, with zeros between them. The type
    /// is the network's, or float32 in mixed precision.
    /// </summary>
    internal Tensor Weights { get; }

    /// <summary>The gradients of these parameters, with the same type and positions.</summary>
    internal Tensor Gradients { get; }

    /// <summary>The floating-point buffers: running means and variances. May be empty.</summary>
    internal Tensor Statistics { get; }

    /// <summary>The number of elements with weight decay, which come first.</summary>
    internal long Decayed { get; }

    /// <summary>The position of each trainable parameter.</summary>
    internal IReadOnlyList<(string Name, long Offset, long Length)> Layout =>
        [.. _parameters.Select(parameter => (parameter.Name, parameter.Offset, parameter.Length))];

    internal IReadOnlyList<NetworkTensor> Parameters => _parameters;

    internal IReadOnlyList<NetworkTensor> Buffers => _buffers;

    /// <summary>
    /// All tensors of the network's state_dict, including frozen parameters and batch counts, as <c>model.NAME</c> and in the masters'
    /// precision. To load, copy into these tensors and call <see cref="PublishWeights"/>.
    /// </summary>
    internal IReadOnlyList<(string Name, Tensor Tensor)> State() => _state;

    /// <summary>Sets all gradients to zero.</summary>
    /// <param name="overwritten">Parameters whose gradients may stay as they are, since others take their place; null for none.</param>
    internal void ZeroGradients(IReadOnlySet<Tensor>? overwritten = null)
    {
        if (overwritten is { Count: > 0 })
        {
            foreach (var parameter in _parameters.Where(parameter => !overwritten.Contains(parameter.Value)))
            {
                using var gradient = Gradients.narrow(0, parameter.Offset, parameter.Length);
                gradient.FillInPlace(0);
            }
            return;
        }
        Gradients.FillInPlace(0);
        _copyGradients?.FillInPlace(0);
    }

    /// <summary>
    /// Adds the gradients of low-precision layers to <see cref="Gradients"/> and sets them to zero. Call it after each batch, so that the
    /// gradients of several batches add up in full precision. Does nothing in full precision.
    /// </summary>
    internal void CollectGradients()
    {
        foreach (var (master, low) in _lowGradients) master.AddInPlace(low);
        _copyGradients?.FillInPlace(0);
    }

    /// <summary>Copies the weights to the low-precision layers. Call it after each step. Does nothing in full precision.</summary>
    internal void PublishWeights()
    {
        using var _ = no_grad();
        foreach (var (master, low) in _lowWeights) low.copy_(master);
        foreach (var (parameter, master, copy) in _frozen) copy.copy_(master);
    }

    /// <summary>
    /// Gives the network the masters or the average in full precision until the result is disposed; then the network has the same bits as
    /// before. It must not train meanwhile.
    /// </summary>
    /// <param name="average">The average; null for the weights themselves.</param>
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
    /// Gives the network separate tensors in full precision again, channels-last. Tensors that were moved or disposed meanwhile do not
    /// change.
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
            // The gradient has the shape of this memory, but not of the next one.
            parameter.Value.grad = null;
            var copy = parameter.ViewOf(Weights).clone();
            parameter.Show(copy.ndim == 4 ? ResNetModel.ChannelsLast(copy) : copy);
        }
        foreach (var buffer in _buffers.Where(buffer => !buffer.IsLost)) buffer.Show(buffer.ViewOf(Statistics).clone());
    }

    /// <summary>Releases the network and disposes the flat tensors.</summary>
    public void Dispose()
    {
        Release();
        foreach (var tensor in _own) tensor.Dispose();
    }

    /// <summary>
    /// Returns parts of the flat tensors, each with or without weight decay. On a CPU, the data of an optimizer for one part fit into the
    /// cores' caches; on other devices, the parts are as long as possible.
    /// </summary>
    /// <param name="length">The maximum length, a multiple of 32; null for the device's default.</param>
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

    // For AdamW, which needs four tensors, this is 1 MiB per core.
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

    private static List<NetworkTensor> Find(ResNetModel model, Dictionary<string, nn.Module> low, bool isContiguous)
    {
        var found = new List<NetworkTensor>();
        foreach (var (name, parameter) in model.named_parameters())
        {
            int dot = name.LastIndexOf('.');
            bool isLow = low.TryGetValue(name[..Math.Max(dot, 0)], out var layer) && dot >= 0;
            found.Add(new NetworkTensor(name, parameter, isLow ? Replacing(layer!, name[(dot + 1)..]) : null)
            {
                IsContiguous = isContiguous,
            });
        }
        // A second name of the same layer is no problem. If two layers share a parameter, only one of them could get the copy.
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

    // Copies the values, and lists each tensor under all of its names in the state_dict.
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

    // Low-precision layers come first among parameters with and without weight decay, so there are at most two ranges.
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
