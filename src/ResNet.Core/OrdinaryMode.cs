using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>Leaves inference mode, if it is on, until disposed: tensors made in inference mode can never be trained.</summary>
internal sealed class OrdinaryMode : IDisposable
{
    private readonly IDisposable? _ordinary;
    private readonly IDisposable? _noGradients;

    internal OrdinaryMode()
    {
        if (!is_inference_mode_enabled()) return;
        _ordinary = inference_mode(false);
        // Leaving inference mode turns gradients on.
        _noGradients = no_grad();
    }

    public void Dispose()
    {
        _noGradients?.Dispose();
        _ordinary?.Dispose();
    }
}
