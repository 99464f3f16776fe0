using static TorchSharp.torch.nn;

namespace ResNet.Core;

/// <summary>Holds a network in evaluation mode until disposed of; then each of its modules has its own former mode again.</summary>
/// <remarks>
/// Nothing changes if the network is in evaluation mode already. If it is not, no other thread may use it meanwhile.
/// </remarks>
public sealed class EvaluationMode : IDisposable
{
    private readonly List<(Module Module, bool Training)> _modes;

    /// <summary>Puts the network into evaluation mode.</summary>
    public EvaluationMode(Module network)
    {
        ArgumentNullException.ThrowIfNull(network);
        // The mode of each module, since frozen parts of a network are in evaluation mode while it trains.
        _modes = [.. network.modules().Prepend(network).Select(module => (module, module.training))];
        if (_modes.Any(mode => mode.Training)) network.eval();
    }

    /// <summary>Gives each module its former mode back.</summary>
    public void Dispose()
    {
        foreach (var (module, training) in _modes)
        {
            if (module.training != training) module.train(training);
        }
    }
}
