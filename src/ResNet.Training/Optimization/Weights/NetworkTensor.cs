using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training.Optimization.Weights;

/// <summary>A parameter or buffer of a network that can be made to look at memory elsewhere.</summary>
/// <param name="name">Its name in the network's state_dict.</param>
/// <param name="tensor">The tensor itself.</param>
/// <param name="replace">
/// Gives the module another parameter in its place and disposes of the former
/// one; null where the tensor keeps its type, and so stays the same object.
/// </param>
internal sealed class NetworkTensor(string name, Tensor tensor, Action<Parameter>? replace = null)
{
    private Tensor _tensor = tensor;

    internal string Name => name;

    internal long[] Shape { get; } = tensor.shape;

    internal bool IsTrainable { get; } = tensor.requires_grad;

    /// <summary>Whether the network computes with it in low precision.</summary>
    internal bool IsLow => replace is not null;

    /// <summary>
    /// Whether it was disposed of or replaced, as happens when a network is disposed of or moved to another device.
    /// </summary>
    internal bool IsLost => _tensor.IsInvalid;

    internal Tensor Value => _tensor;

    /// <summary>Where it begins in its flat buffer.</summary>
    internal long Offset { get; set; }

    internal long Length { get; } = tensor.numel();

    /// <summary>This tensor's part of a flat buffer, in its shape.</summary>
    internal Tensor ViewOf(Tensor flat)
    {
        using var scope = NewDisposeScope();
        var part = flat.narrow(0, Offset, Length);
        var view = Shape is [var output, var input, var height, var width]
            ? part.view(output, height, width, input).permute(0, 3, 1, 2)
            : part.view(Shape);
        return view.MoveToOuterDisposeScope();
    }

    /// <summary>Has the network see that memory from now on.</summary>
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
