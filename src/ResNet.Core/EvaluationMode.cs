using static TorchSharp.torch.nn;

namespace ResNet.Core;

/// <summary>Keeps a network in evaluation mode until disposed; then restores the former mode of each module.</summary>
/// <remarks>
/// Nothing changes if the network is in evaluation mode already. If it is in training mode, no other thread may use it meanwhile.
/// </remarks>
public sealed class EvaluationMode : IDisposable
{
    private readonly List<(Module Module, bool Training)> _modes;

    /// <summary>Puts the network into evaluation mode.</summary>
    public EvaluationMode(Module network)
    {
        ArgumentNullException.ThrowIfNull(network);
        // The modes are kept module by module, since frozen parts of a network are in evaluation mode while it trains.
        _modes = [.. network.modules().Prepend(network).Select(module => (module, module.training))];
        if (_modes.Any(mode => mode.Training)) network.eval();
    }

    /// <summary>Restores the former mode of each module.</summary>
    public void Dispose()
    {
        foreach (var (module, training) in _modes)
        {
            if (module.training != training) module.train(training);
        }
    }
}
