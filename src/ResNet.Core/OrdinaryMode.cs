using static TorchSharp.torch;

namespace ResNet.Core;

/// <summary>Leaves inference mode, if it is on, until disposed of: what is made in it could never be trained.</summary>
internal sealed class OrdinaryMode : IDisposable
{
    private readonly IDisposable? _ordinary;
    private readonly IDisposable? _noGradients;

    internal OrdinaryMode()
    {
        if (!is_inference_mode_enabled()) return;
        _ordinary = inference_mode(false);
        // Which leaving it turns on.
        _noGradients = no_grad();
    }

    public void Dispose()
    {
        _noGradients?.Dispose();
        _ordinary?.Dispose();
    }
}
