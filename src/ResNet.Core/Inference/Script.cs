using System.Text;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Core.Inference;

/// <summary>
/// Functions of a network in TorchScript while they are put together. They take images and a list of weights, which another function makes of the
/// network's own, once: in the layout that oneDNN's convolutions compute in.
/// </summary>
internal sealed class Script
{
    private const string Pack = "pack";

    private readonly Dictionary<Tensor, string> _packed = new(ReferenceEqualityComparer.Instance);
    private readonly List<Tensor> _weights = [];
    private readonly List<string> _packing = [];
    private readonly StringBuilder _functions = new();
    private int _variables;

    /// <summary>Adds a function.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="compute">From the images <c>[N, C, H, W]</c>, in oneDNN's layout, to what it returns.</param>
    internal void Function(string name, Func<ScriptValue, IEnumerable<ScriptValue>> compute)
    {
        _functions.AppendLine($"def {name}(images: Tensor, weights: List[Tensor]) -> List[Tensor]:");
        string[] results = [.. compute(new ScriptValue(this, "images").Call("to_mkldnn")).Select(result => result.Call("to_dense").Name)];
        _functions.AppendLine($"  return [{string.Join(", ", results)}]");
    }

    /// <summary>Compiles the functions and makes the weights.</summary>
    internal (jit.CompilationUnit Functions, Tensor[] Weights) Compile()
    {
        _functions.AppendLine($"def {Pack}(own: List[Tensor]) -> List[Tensor]:").AppendLine($"  return [{string.Join(", ", _packing)}]");
        var functions = jit.compile(_functions.ToString());
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var weights = functions.invoke<Tensor[]>(Pack, [_weights.ToArray()]);
        foreach (var weight in weights) weight.DetachFromDisposeScope();
        return (functions, weights);
    }

    /// <summary>A line that gives a variable a value.</summary>
    internal ScriptValue Line(string expression)
    {
        string name = $"x{++_variables}";
        _functions.AppendLine($"  {name} = {expression}");
        return new ScriptValue(this, name);
    }

    /// <summary>The weights of a convolution.</summary>
    internal string Kernel(Conv2d layer) => Weight(
        layer.weight, own => $"torch.mkldnn_reorder_conv2d_weight({own}.to_mkldnn(), {ScriptValue.List(layer.padding!)}, {ScriptValue.List(layer.stride)}, {ScriptValue.List(layer.dilation)}, {layer.groups})");

    /// <summary>The weights of a linear layer, as those of a convolution with a single pixel.</summary>
    internal string Kernel(Linear layer) => Weight(
        layer.weight, own => $"torch.mkldnn_reorder_conv2d_weight({own}.reshape({layer.out_features}, {layer.in_features}, 1, 1).to_mkldnn(), [0, 0], [1, 1], [1, 1], 1)");

    /// <summary>A weight with one value a channel.</summary>
    internal string Weight(Tensor value) => Weight(value, own => own);

    private string Weight(Tensor value, Func<string, string> pack)
    {
        // Several functions use it.
        if (_packed.TryGetValue(value, out string? packed)) return packed;
        _packing.Add(pack($"own[{_weights.Count}]"));
        _packed.Add(value, packed = $"weights[{_weights.Count}]");
        _weights.Add(value);
        return packed;
    }
}
