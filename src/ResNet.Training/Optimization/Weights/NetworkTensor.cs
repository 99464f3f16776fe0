using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization.Weights;

/// <summary>A parameter or buffer of a network that can become a view of other memory.</summary>
/// <param name="name">Its name in the network's state_dict.</param>
/// <param name="tensor">The tensor itself.</param>
/// <param name="replace">
/// Gives the module another parameter instead and disposes the former one; null if the tensor keeps its type and therefore stays the same
/// object.
/// </param>
internal sealed class NetworkTensor(string name, Tensor tensor, Action<Parameter>? replace = null)
{
    private Tensor _tensor = tensor;

    /// <summary>Whether weights of convolutions are <c>[output, input, height, width]</c> in memory, too, and not channels-last.</summary>
    internal bool IsContiguous { get; init; }

    internal string Name => name;

    internal long[] Shape { get; } = tensor.shape;

    internal bool IsTrainable { get; } = tensor.requires_grad;

    /// <summary>Whether the network computes with it in low precision.</summary>
    internal bool IsLow => replace is not null;

    /// <summary>
    /// Whether it was disposed or replaced, for example because the network was disposed or moved to another device.
    /// </summary>
    internal bool IsLost => _tensor.IsInvalid;

    internal Tensor Value => _tensor;

    /// <summary>Its offset in its flat buffer.</summary>
    internal long Offset { get; set; }

    internal long Length { get; } = tensor.numel();

    /// <summary>Returns this tensor's part of a flat buffer, in its shape.</summary>
    internal Tensor ViewOf(Tensor flat)
    {
        using var scope = NewDisposeScope();
        var part = flat.narrow(0, Offset, Length);
        var view = !IsContiguous && Shape is [var output, var input, var height, var width]
            ? part.view(output, height, width, input).permute(0, 3, 1, 2)
            : part.view(Shape);
        return view.MoveToOuterDisposeScope();
    }

    /// <summary>Makes the network use this memory.</summary>
    internal void Show(Tensor memory)
    {
        if (replace is null)
        {
            _tensor.set_(memory);
            return;
        }
        var parameter = new Parameter(empty(0, memory.dtype, memory.device).set_(memory), IsTrainable);
        replace(parameter);
        _tensor = parameter;
    }
}
