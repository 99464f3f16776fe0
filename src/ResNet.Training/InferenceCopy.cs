using ResNet.Core;
using ResNet.Core.Export;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>Copies networks for <see cref="PredictionEngine.Inference"/>.</summary>
internal static class InferenceCopy
{
    // More than the plan and the names of the tensors.
    private const int HeaderBytes = 1 << 18;

    /// <summary>Exports a network to memory, and opens it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="engine">The engine that was chosen; null to export what the engine can compute and TorchSharp would on the CPU.</param>
    /// <param name="options">The content besides the network; null for none.</param>
    /// <param name="owner">The type that the choice is an option of.</param>
    /// <param name="property">The name of the option.</param>
    /// <param name="open">Opens the file, which is freed afterwards.</param>
    /// <returns>The copy, which the caller disposes; null if TorchSharp is to compute the network.</returns>
    /// <exception cref="InvalidOptionException">The engine was chosen, but cannot compute the network.</exception>
    internal static T? Open<T>(
        ResNetModel network, PredictionEngine? engine, InferenceExportOptions? options, string owner, string property, Func<Stream, T> open)
        where T : class
    {
        if (engine == PredictionEngine.Torch) return null;
        if (network.Device.type != TorchSharp.DeviceType.CPU)
        {
            return engine is null ? null : throw Refuse($"Torch on the device {network.Device}, since Inference computes on the CPU only");
        }
        // Networks of lower or higher precision are left to TorchSharp, unless the engine was chosen.
        if (engine is null && network.DType != ScalarType.Float32) return null;
        // A buffer that grows would take several times the memory.
        long bytes = HeaderBytes + (network.parameters().Sum(parameter => parameter.numel()) * sizeof(float));
        if (bytes > Array.MaxLength) return engine is null ? null : throw Refuse("Torch for a network of so many weights");
        using var file = new MemoryStream((int)bytes);
        try
        {
            network.SaveForInference(file, options);
        }
        catch (ArgumentException) when (engine is null)
        {
            return null;
        }
        catch (ArgumentException e)
        {
            throw Refuse($"Torch for this network: {e.Message.TrimEnd('.')}");
        }
        file.Position = 0;
        return open(file);

        InvalidOptionException Refuse(string accepted) => new(owner, property, engine, accepted);
    }
}
