using static TorchSharp.torch.nn;

namespace ResNet.Core.Layers;

/// <summary>The frozen layers of a network: their parameters get no gradients, and they stay in evaluation mode.</summary>
internal sealed class FrozenLayers
{
    // The names of the parameters that were trainable before. Names are kept because moving a network replaces its parameters.
    private readonly List<string> _parameters = [];
    private IReadOnlyCollection<string> _layers = [];

    /// <summary>Freezes the given layers, and unfreezes the layers frozen before.</summary>
    /// <param name="network">The network.</param>
    /// <param name="layers">Names of its children.</param>
    internal void Set(Module network, IReadOnlyCollection<string> layers)
    {
        foreach (string name in _parameters) network.get_parameter(name)!.requires_grad = true;
        _parameters.Clear();
        _layers = layers;
        foreach (var (layer, module) in Children(network))
        {
            foreach (var (name, parameter) in module.named_parameters().Where(entry => entry.parameter.requires_grad))
            {
                parameter.requires_grad = false;
                parameter.grad = null;
                _parameters.Add($"{layer}.{name}");
            }
        }
    }

    /// <summary>Puts the frozen layers into evaluation mode.</summary>
    internal void Evaluate(Module network)
    {
        foreach (var (_, module) in Children(network)) module.eval();
    }

    private IEnumerable<(string Name, Module Module)> Children(Module network) =>
        network.named_children().Where(child => _layers.Contains(child.name));
}
