using ResNet.Core.Blocks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core;

public sealed partial class ResNetModel
{
    /// <summary>Replaces the classifier by a new one, on the network's device and of its type; everything else stays.</summary>
    /// <remarks>An optimizer that was made before still has the former classifier's parameters: make a new one.</remarks>
    /// <param name="classes">Classes to tell apart from now on, at least 1.</param>
    /// <returns>This network.</returns>
    /// <exception cref="InvalidOptionException">The value is less than 1.</exception>
    public ResNetModel ResetClassifier(int classes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var options = Options with { Classes = classes };
        using var ordinary = new OrdinaryMode();
        var former = fc;
        fc = Classifier(former.in_features, classes).to(former.weight.dtype).to(former.weight.device);
        register_module(nameof(fc), null!);
        register_module(nameof(fc), fc);
        fc.train(training);
        former.Dispose();
        Options = options;
        return this;
    }

    /// <summary>
    /// Keeps the stem and the first stages as they are: their parameters get no gradients any more, and their norms and
    /// stochastic depth stay in evaluation mode, so that running statistics do not move when the network trains either.
    /// What was frozen by this before and lies beyond is free again.
    /// </summary>
    /// <param name="untilStage">
    /// The last stage to freeze, 0 to <see cref="Stages"/>; 0 is the stem alone. With the last stage a pre-activation network's
    /// last norm is frozen too, so that only the classifier trains.
    /// </param>
    /// <returns>This network.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such stage.</exception>
    public ResNetModel Freeze(int untilStage)
    {
        if (untilStage < 0 || untilStage > Stages)
            throw new ArgumentOutOfRangeException(nameof(untilStage), untilStage, $"There is no stage {untilStage} to freeze until: this network has 0, the stem, to {Stages}.");
        return SetFrozen(untilStage);
    }

    /// <summary>Unfreezes all layers that <see cref="Freeze"/> froze.</summary>
    /// <returns>This network.</returns>
    public ResNetModel Unfreeze() => SetFrozen(NothingFrozen);

    /// <inheritdoc/>
    /// <remarks>What <see cref="Freeze"/> holds stays in evaluation mode.</remarks>
    public override void train(bool train = true)
    {
        base.train(train);
        if (!train) return;
        foreach (var (_, module) in Frozen()) module.eval();
    }

    /// <summary>
    /// A copy for inference in which every batch norm that follows a convolution is part of that convolution: fewer passes over
    /// memory and the same outputs but for rounding. It is on the same device and of the same type, in evaluation mode and without
    /// gradients, and its weights are channels-last, for images that are (<see cref="ChannelsLast"/>) and ones that are not. The
    /// norms of pre-activation networks that follow an addition remain.
    /// </summary>
    /// <returns>The copy, which is the caller's; this network stays as it is.</returns>
    /// <exception cref="InvalidOperationException">The norms are no batch norms.</exception>
    public ResNetModel FuseForInference()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Options.Norm != Norm.Batch && Options.Norm != Norm.FrozenBatch)
            throw new InvalidOperationException($"The network's norm is {Options.Norm}, but only batch norms can be folded into convolutions.");
        var fused = WithoutDrawing(() => new ResNetModel(Options with
        {
            Norm = Norm.Folded, Device = Device, DType = DType, Dropout = 0, StochasticDepth = 0, ZeroInitLastNorm = false,
        }));
        using var ordinary = new OrdinaryMode();
        using var noGradients = no_grad();
        var own = state_dict();
        foreach (var (name, tensor) in fused.state_dict())
        {
            if (own.TryGetValue(name, out var value)) tensor.copy_(value);
        }
        foreach (var (source, target) in NormalizedConvolutions().Zip(fused.NormalizedConvolutions()))
            Fold(source.Convolution, source.Norm!, target.Convolution);
        foreach (var parameter in fused.parameters()) parameter.requires_grad = false;
        fused.eval();
        return fused.ToChannelsLast();
    }

    // New weights that are overwritten at once must not change what is random in a training run.
    private static ResNetModel WithoutDrawing(Func<ResNetModel> create)
    {
        using var generator = Generator.Default;
        using var state = generator.get_state();
        try
        {
            return create();
        }
        finally
        {
            generator.set_state(state);
        }
    }

    // In double precision, so that rounding happens once.
    private static void Fold(Conv2d source, Module<Tensor, Tensor> norm, Conv2d target)
    {
        using var scope = NewDisposeScope();
        var (weight, bias, mean, variance, epsilon) = norm switch
        {
            BatchNorm2d batch => (batch.weight, batch.bias!, batch.running_mean!, batch.running_var!, batch.eps),
            FrozenBatchNorm2d frozen => ((Tensor)frozen.weight, frozen.bias, frozen.running_mean, frozen.running_var, FrozenBatchNorm2d.Epsilon),
            _ => throw new InvalidOperationException($"A {norm.GetType().Name} cannot be folded into a convolution."),
        };
        var scale = weight.to(ScalarType.Float64) / variance.to(ScalarType.Float64).Plus(epsilon).sqrt_();
        target.weight.copy_(source.weight.to(ScalarType.Float64) * scale.reshape(-1, 1, 1, 1));
        target.bias!.copy_(bias.to(ScalarType.Float64) - (mean.to(ScalarType.Float64) * scale));
    }

    private IEnumerable<(Conv2d Convolution, Module<Tensor, Tensor>? Norm)> NormalizedConvolutions()
    {
        // The deep stem is a sequence: a norm follows each convolution but the last, whose norm is bn1.
        var stem = conv1 is Sequential sequence ? sequence.children().ToList() : [conv1];
        for (int i = 0; i < stem.Count; i++)
        {
            if (stem[i] is not Conv2d convolution) continue;
            var next = i + 1 < stem.Count ? stem[i + 1] as Module<Tensor, Tensor> : bn1;
            yield return (convolution, next is ReLU ? null : next);
        }
        foreach (var pair in Blocks().SelectMany(block => block.NormalizedConvolutions)) yield return pair;
    }

    private ResNetModel SetFrozen(int until)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        foreach (string name in _held) get_parameter(name)!.requires_grad = true;
        _held.Clear();
        _frozenUntil = until;
        // By name, since moving a network gives it new parameters.
        var frozen = Frozen().SelectMany(part => part.Module.named_parameters().Select(entry => ($"{part.Name}.{entry.name}", entry.parameter)));
        foreach (var (name, parameter) in frozen.Where(entry => entry.parameter.requires_grad).ToList())
        {
            parameter.requires_grad = false;
            parameter.grad = null;
            _held.Add(name);
        }
        train(training);
        return this;
    }

    private IEnumerable<(string Name, Module Module)> Frozen()
    {
        if (_frozenUntil == NothingFrozen) return [];
        var stages = Enumerable.Range(1, _frozenUntil).Select(i => $"layer{i}");
        string[] parts = [nameof(conv1), nameof(bn1), .. stages, .. _frozenUntil == Stages ? [nameof(norm)] : Array.Empty<string>()];
        return named_children().Where(child => parts.Contains(child.name));
    }
}
