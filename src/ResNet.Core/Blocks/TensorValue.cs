using ResNet.Core.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNet.Core.Blocks;

/// <summary>
/// A tensor that passes through the layers of a network. Temporary tensors, which the layers made, are overwritten in place if
/// autograd allows it, and disposed after their use: their memory is free before the next layer allocates more.
/// </summary>
internal readonly struct TensorValue : ILayerInput<TensorValue>
{
    private readonly bool _isTemporary;

    /// <summary>Wraps a tensor that the layers do not change.</summary>
    internal TensorValue(Tensor tensor) : this(tensor, isTemporary: false)
    {
    }

    private TensorValue(Tensor tensor, bool isTemporary)
    {
        Tensor = tensor;
        _isTemporary = isTemporary;
    }

    internal Tensor Tensor { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The layer is not a function from a tensor to a tensor.</exception>
    public TensorValue Then(Module? layer)
    {
        if (layer is null) return this;
        // Norms are computed here then, also those of shortcuts.
        if (layer is Sequential layers && BatchSums.Current is not null)
            return layers.children().Aggregate(this, (value, inner) => value.Then(inner));
        var result = layer switch
        {
            Conv2d convolution => Convolutions.Convolve(convolution, Tensor),
            BatchNorm2d { training: true } norm when BatchSums.Current is { } sums => SynchronizedNorm.Apply(norm, Tensor, sums),
            Module<Tensor, Tensor> other => other.call(Tensor),
            _ => throw new ArgumentException($"A {layer.GetType().Name} does not compute a tensor from a tensor.", nameof(layer)),
        };
        // A norm may return its input itself.
        return ReferenceEquals(result, Tensor) ? this : Replace(result, _isTemporary || MakesNewMemory(layer));
    }

    public TensorValue Relu() => new(_isTemporary ? Tensor.relu_() : Tensor.relu(), isTemporary: true);

    // After the pooling there are four times fewer numbers.
    public TensorValue ReluAndPool(MaxPool2d? pool) => Then(pool).Relu();

    public TensorValue Flatten() => Replace(Tensor.flatten(1), _isTemporary);

    public TensorValue Add(TensorValue other)
    {
        var sum = _isTemporary ? Tensor.AddInPlace(other.Tensor) : Tensor.add(other.Tensor);
        other.Release();
        return new(sum, isTemporary: true);
    }

    public TensorValue Dropout(double rate) =>
        rate > 0 ? Replace(functional.dropout(Tensor, rate), isTemporary: true) : this;

    public TensorValue DropImages(double rate)
    {
        if (rate == 0) return this;
        using var factors = empty([Tensor.size(0), 1, 1, 1], Tensor.dtype, Tensor.device);
        factors.bernoulli_(1 - rate).DivideInPlace(1 - rate);
        return new(_isTemporary ? Tensor.mul_(factors) : Tensor.mul(factors), isTemporary: true);
    }

    public TensorValue Keep() => new(Tensor);

    // Other layers, such as a user's norm, may return a view of their input.
    private static bool MakesNewMemory(Module layer) => layer switch
    {
        Conv2d _ or BatchNorm2d _ or FrozenBatchNorm2d or GroupNorm _ or ZeroPaddingShortcut => true,
        Sequential sequence => sequence.children().Any(MakesNewMemory),
        _ => false,
    };

    private TensorValue Replace(Tensor result, bool isTemporary)
    {
        Release();
        return new(result, isTemporary);
    }

    private void Release()
    {
        if (_isTemporary) Tensor.Dispose();
    }
}
