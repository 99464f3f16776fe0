using ResNet.Core;
using ResNet.Core.Export;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Copies networks for <see cref="PredictionEngine.Inference"/>.</summary>
internal static class InferenceCopy
{
    /// <summary>Exports a network to memory.</summary>
    /// <param name="network">The network.</param>
    /// <param name="engine">The engine that was chosen; null to export what the engine can compute and TorchSharp would on the CPU.</param>
    /// <param name="options">The content besides the network; null for none.</param>
    /// <param name="owner">The type that the choice is an option of.</param>
    /// <param name="property">The name of the option.</param>
    /// <returns>The file, from its start; null if TorchSharp is to compute the network.</returns>
    /// <exception cref="InvalidOptionException">The engine was chosen, but cannot compute the network.</exception>
    internal static MemoryStream? Export(
        ResNetModel network, PredictionEngine? engine, InferenceExportOptions? options, string owner, string property)
    {
        if (engine == PredictionEngine.Torch) return null;
        if (network.Device.type != TorchSharp.DeviceType.CPU)
        {
            return engine is null ? null : throw Refuse($"Torch on the device {network.Device}, since Inference computes on the CPU only");
        }
        // Networks of lower or higher precision are left to TorchSharp, unless the engine was chosen.
        if (engine is null && network.DType != ScalarType.Float32) return null;
        try
        {
            var file = new MemoryStream();
            network.SaveForInference(file, options);
            file.Position = 0;
            return file;
        }
        catch (ArgumentException) when (engine is null)
        {
            return null;
        }
        catch (ArgumentException e)
        {
            throw Refuse($"Torch for this network: {e.Message.TrimEnd('.')}");
        }

        InvalidOptionException Refuse(string accepted) => new(owner, property, engine, accepted);
    }
}
